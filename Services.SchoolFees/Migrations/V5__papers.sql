-- Credit notes on paper and what became of their money, notices for who left no address, certificates for everybody.

-- Of one and the same note its money goes one way: off later bills, or back. What was not deducted may go back at the end; what went back is never deducted.
alter table schoolfees.credit_note add column code text;
alter table schoolfees.credit_note add column pdf bytea;
alter table schoolfees.credit_note add column pdf_sha256 bytea check (length(pdf_sha256) = 32);
alter table schoolfees.credit_note add column choice text check (choice in ('deduct', 'refund'));
alter table schoolfees.credit_note add column reason text check (length(reason) between 1 and 200);
alter table schoolfees.credit_note add column chosen_by text;
alter table schoolfees.credit_note add column chosen_at timestamptz;
alter table schoolfees.credit_note add unique (entity_id, code);
alter table schoolfees.credit_note add check (num_nonnulls(code, pdf, pdf_sha256) in (0, 3));
alter table schoolfees.credit_note add check (num_nonnulls(choice, chosen_by, chosen_at) in (0, 3));
alter table schoolfees.credit_note add check (choice is distinct from 'refund' or reason is not null);
create index on schoolfees.credit_note (entity_id, number) where pdf is null;

-- What of a note a bill was lessened by.
create table schoolfees.credit_use (
    entity_id  int    not null,
    bill_id    uuid   not null,
    number     int    not null,
    cents      bigint not null check (cents > 0),
    primary key (entity_id, bill_id, number),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id) on delete cascade,
    foreign key (entity_id, number) references schoolfees.credit_note (entity_id, number)
);
create index on schoolfees.credit_use (entity_id, number);

-- How who pays was told of a bill: by a letter, or on paper in a file for the office. Once.
create table schoolfees.notice (
    entity_id  int         not null,
    bill_id    uuid        not null,
    print      int         check (print > 0),
    told_at    timestamptz not null,
    told_by    text        not null,
    primary key (entity_id, bill_id),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id)
);
create index on schoolfees.notice (entity_id, print) where print is not null;
comment on column schoolfees.notice.print is 'number of the file it was printed in; null: by letter';

-- An order to issue a year's certificates for everybody, and how far it is.
create table schoolfees.certificate_batch (
    entity_id  int         not null,
    year       int         not null check (year between 2000 and 2100),
    number     int         not null check (number > 0),
    send       boolean     not null,
    asked_by   text        not null,
    asked_at   timestamptz not null,
    last       text        not null default '',
    payers     int         not null default 0 check (payers >= 0),
    issued     int         not null default 0 check (issued >= 0),
    fresh      int         not null default 0 check (fresh >= 0),
    done_at    timestamptz,
    primary key (entity_id, year, number)
);
create unique index on schoolfees.certificate_batch (entity_id, year) where done_at is null;
comment on column schoolfees.certificate_batch.last is 'who pays, up to whom they are issued';
