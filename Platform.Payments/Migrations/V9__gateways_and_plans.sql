-- What a gateway answered when an order was opened at it by a call of ours: its own number, the address of its page. Null where the browser opens the order.
alter table payments.payment add column opened text check (length(opened) between 1 and 2000);

-- A return that by its protocol carries no signature is no forgery: it says nothing, and we ask.
alter table payments.fact drop constraint fact_verdict_check, add constraint fact_verdict_check check (verdict in ('genuine', 'forged', 'unsigned', 'unknown_order', 'unreadable'));
