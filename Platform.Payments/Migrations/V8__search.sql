-- What officers find payments by. Whom a position is owed by, where its service says so, stands where payers stand: the one table with personal data.
alter table payments.subject add column name text check (length(name) between 1 and 140), add column tax_code text check (tax_code ~ '^[0-9A-Z]{11}([0-9A-Z]{5})?$');
alter table payments.subject drop constraint subject_check, add constraint subject_redacted check ((coalesce(email, name, tax_code) is null) = (redacted_at is not null));

-- What it was for, frozen when it began: the list of an office shows it without looking further.
alter table payments.payment add column title text not null default '' check (length(title) <= 200);
update payments.payment p
   set title = coalesce((
       select min(o.title) || case when count(*) > 1 then ' (+' || count(*) - 1 || ')' else '' end
         from payments.payment_item i
         join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
         join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
        where i.entity_id = p.entity_id and i.payment_id = p.payment_id), '');

-- One order everywhere, the newest first, so that a page of results is a stretch of one index whatever was asked for.
create index payment_by_time on payments.payment (entity_id, created_at, payment_id);
create index payment_by_state on payments.payment (entity_id, state, created_at, payment_id);
create index payment_by_service on payments.payment (entity_id, service, created_at, payment_id);
create index payment_by_asked on payments.payment (entity_id, asked_cents, created_at, payment_id);
create index payment_by_taken on payments.payment (entity_id, taken_cents, created_at, payment_id) where taken_cents <> asked_cents;
create index payment_by_payer on payments.payment (entity_id, payer_id) where payer_id is not null;
create index settlement_line_by_batch on payments.settlement_line (entity_id, batch, order_no collate "C");
create index payout_item_by_cause on payments.payout_item (entity_id, payout, cause_id);

-- Words are kept as digests under a key of the creditor: see docs/adr/0024-search-by-tokens.md for what that is good for and what it is not.
create table payments.search_key (entity_id int primary key, key bytea not null check (octet_length(key) = 32));
comment on table payments.search_key is 'insert-only';

-- "at" is the payment's created_at. A token of a person names whose it is, and goes when they are forgotten.
create table payments.search_token (
    entity_id int, token bytea check (octet_length(token) = 16), at timestamptz, payment_id uuid, subject_id uuid,
    primary key (entity_id, token, at, payment_id), foreign key (entity_id, payment_id) references payments.payment, foreign key (entity_id, subject_id) references payments.subject);
create index search_token_of_person on payments.search_token (entity_id, subject_id) where subject_id is not null;

create function payments.search_digest(key bytea, word text) returns bytea language sql immutable parallel safe
    return substr(sha256(key || convert_to(word, 'UTF8')), 1, 16);

insert into payments.search_key (entity_id, key)
select e.entity_id, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) from (select distinct entity_id from payments.payment) e;

with word as (
    select p.entity_id, p.payment_id, p.created_at, w.word, null::uuid as subject_id
      from payments.payment p
      join payments.payment_item i on i.entity_id = p.entity_id and i.payment_id = p.payment_id
      join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
      join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
      cross join lateral (
          select 'r:' || upper(regexp_replace(o.reference, '[^0-9A-Za-z]', '', 'g')) as word
          union
          select 'r:' || upper(substring(o.reference from '([0-9A-Za-z]+)[^0-9A-Za-z]*$'))) w
     where w.word <> 'r:'
    union all
    select p.entity_id, p.payment_id, p.created_at, 'e:' || lower(s.email), s.subject_id
      from payments.payment p join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.payer_id
     where s.email is not null)
insert into payments.search_token (entity_id, token, at, payment_id, subject_id)
select w.entity_id, payments.search_digest(k.key, w.word), w.created_at, w.payment_id, w.subject_id
  from word w join payments.search_key k on k.entity_id = w.entity_id
on conflict do nothing;
