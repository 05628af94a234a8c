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
alter table fines.supplement add column municipality char(6) check (municipality ~ '^[0-9]{6}$');
update fines.supplement s set municipality = f.municipality from fines.fine f where f.entity_id = s.entity_id and f.fine_id = s.fine_id;
alter table fines.supplement alter column municipality set not null;
comment on column fines.supplement.municipality is 'of the fine, as it was when the row was written';
create policy territory on fines.supplement for select to portico_fines using (municipality = (select core.territory()));
