-- Where who has to pay may be written to, as the office's file says. Personal data of fines stand in this table.
create table fines.subject (
    entity_id  int         not null,
    fine_id    uuid        not null,
    email      text        not null check (length(email) between 3 and 254),
    changed_at timestamptz not null,
    primary key (entity_id, fine_id),
    foreign key (entity_id, fine_id) references fines.fine
);
alter table fines.reminder add column mailed boolean not null default false;
comment on column fines.reminder.mailed is 'a letter was written in the same transaction; what became of it stands with the letters';
