-- Bills that are paid by instalments. The plan stands here as it was offered, so that what a family began to pay does not change with the entity's settings.

create table schoolfees.instalment (
    entity_id        int    not null,
    bill_id          uuid   not null,
    plan             text   not null check (plan ~ '^rate-[0-9a-z-]{1,15}$'),
    n                int    not null check (n > 0),
    due_on           date   not null,
    cents            bigint not null check (cents > 0),
    surcharge_cents  bigint not null check (surcharge_cents >= 0),
    state            text   not null default 'open' check (state in ('open', 'paid', 'cancelled')),
    primary key (entity_id, bill_id, plan, n),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id)
);
comment on column schoolfees.instalment.cents is 'of the bill: a plan''s add up to it';
comment on column schoolfees.instalment.surcharge_cents is 'for delay, of a plan that was begun when the bill was late already';

-- The plan of which something was paid; the bill stays open until nothing of it is left.
alter table schoolfees.bill add column plan text;
create index on schoolfees.bill (entity_id, bill_id) where plan is not null and state = 'open';

-- One order may pay several instalments of a bill.
alter table schoolfees.refund drop constraint refund_entity_id_bill_id_order_number_fkey;
alter table schoolfees.refund drop constraint refund_pkey;
alter table schoolfees.payment drop constraint payment_pkey;
alter table schoolfees.payment add column instalment int not null default 0 check (instalment >= 0);
alter table schoolfees.payment add column fee_cents bigint check (fee_cents between 0 and cents);
alter table schoolfees.payment add primary key (entity_id, bill_id, order_number, instalment);
alter table schoolfees.refund add column instalment int not null default 0;
alter table schoolfees.refund add primary key (entity_id, refund_id, bill_id, instalment);
alter table schoolfees.refund add foreign key (entity_id, bill_id, order_number, instalment) references schoolfees.payment (entity_id, bill_id, order_number, instalment);
comment on column schoolfees.payment.instalment is 'its number in the plan; 0 where the whole was paid at once';
comment on column schoolfees.payment.fee_cents is 'without a surcharge for delay; null of what was paid before there were instalments: as much as the bill';

alter table schoolfees.reminder drop constraint reminder_pkey;
alter table schoolfees.reminder add column instalment int not null default 0;
alter table schoolfees.reminder add primary key (entity_id, bill_id, instalment, step);
