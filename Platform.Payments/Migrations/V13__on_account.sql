-- Owners that keep what was too little on account, and ask for the rest by a position of its own.
alter table payments.position add column on_account boolean not null default false;
comment on column payments.position.on_account is 'what a bank takes less than a due of it costs stays no claim of this due: its owner was told, and asks for the rest by a position of its own';
comment on column payments.surplus.resolved_by is 'null: it waits for an officer; refund, reversal; owner: what was too little, which the owner of the position asks for again; otherwise who closed it';
