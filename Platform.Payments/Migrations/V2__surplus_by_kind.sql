-- A payment may be one too many and of another amount than asked: both are flagged.
alter table payments.surplus drop constraint surplus_pkey, add primary key (entity_id, payment_id, due_id, kind);
