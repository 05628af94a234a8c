-- A load that is taken back whole: who asked for it, how far that is, and in which language its errors were told.
alter table core.import_run
    add column undoable      boolean     not null default false,
    add column language      text        not null default 'it' check (language in ('it', 'en')),
    add column undo          text        check (undo in ('running', 'done', 'refused', 'failed')),
    add column undo_by       text,
    add column undo_at       timestamptz,
    add column undo_words    text        check (length(undo_words) <= 500),
    add column undo_removed  int         not null default 0,
    add column undo_restored int         not null default 0,
    add check ((undo is null) = (undo_at is null) and (undo is null) = (undo_by is null));
comment on column core.import_run.undoable is 'the service kept what it needs to take this load back';
