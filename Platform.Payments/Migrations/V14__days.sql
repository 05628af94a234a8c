-- What touches some days, without reading the papers of years.
create index payment_by_paid on payments.payment (entity_id, paid_at) where paid_at is not null;
create index settlement_line_by_day on payments.settlement_line (entity_id, taken_on);
create index settlement_batch_by_day on payments.settlement_batch (entity_id, value_on);
