-- What the bank really took, and what it took beyond what was owed.
alter table fines.movement drop constraint movement_kind_check;
alter table fines.movement add check (kind in ('paid', 'reversed', 'refunded', 'cancelled', 'expired', 'short', 'made_good', 'asked', 'surplus', 'surplus_back'));
comment on column fines.movement.kind is 'short, made_good: the bank had taken less than the order asked, or took it after all; surplus, surplus_back: what nobody owed came in, or went back; asked: a payment told before turned out to be too little, and cents are missing';

-- Of several fines in one payment the bank may have taken nothing for the last.
alter table fines.fine drop constraint fine_paid_cents_check;
alter table fines.fine add check (paid_cents >= 0);
alter table fines.supplement drop constraint supplement_paid_cents_check;
alter table fines.supplement add check (paid_cents >= 0);
alter table fines.supplement_payment drop constraint supplement_payment_cents_check;
alter table fines.supplement_payment add check (cents >= 0);

-- The office of a municipality reads what is missing of the fines of its territory too.
create policy territory on fines.supplement for select to portico_fines using (
    (select core.territory()) is not null
    and exists (select from fines.fine f where f.entity_id = supplement.entity_id and f.fine_id = supplement.fine_id and f.municipality = (select core.territory())));
