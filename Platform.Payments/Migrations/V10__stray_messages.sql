-- Messages that do not verify and are about no order of ours, or more than one order needs: anybody can send them, so a day of them is one row. Always the service centre's.
create table payments.stray_message (
    entity_id int, gateway text, day date, seen bigint not null check (seen > 0), first_at timestamptz not null, last_at timestamptz not null,
    primary key (entity_id, gateway, day));
