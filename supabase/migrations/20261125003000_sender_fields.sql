-- What a sender may say besides what is to be made: whose job it is, how soon it is wanted, and by
-- which model. It is in the message, so plain pgmq.send is enough; here it becomes columns.
--
-- Plain columns that a trigger fills: generated ones would rewrite the ledger under a lock.

-- Without a search path of its own the planner puts its body in its place, and finds the index below.
-- What its names mean is decided here, not by the path of whoever calls it.
create or replace function generation_private.message_priority(message jsonb)
returns integer
language sql
immutable
return
  case
    when jsonb_typeof(message -> 'priority') = 'number'
      and message ->> 'priority' ~ '^-?([0-9]{1,2}|100)$'
      then (message ->> 'priority')::integer
    else 0
  end;
comment on function generation_private.message_priority(jsonb) is
  'The priority that a message asks for, -100 to 100; 0 when it says nothing of use.';
revoke all on function generation_private.message_priority(jsonb) from public;

-- People write a model with the prefix and without.
create or replace function generation_private.bare_model(model text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return regexp_replace(model, '^models/', '');
end
$$;
comment on function generation_private.bare_model(text) is 'The name of a model without the prefix models/.';
revoke all on function generation_private.bare_model(text) from public;

-- What auth.uid() reads, which not every database has.
create or replace function generation_private.signed_in_user()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  claims constant text := nullif(current_setting('request.jwt.claims', true), '');
begin
  if claims is null then
    return left(nullif(current_setting('request.jwt.claim.sub', true), ''), 256);
  end if;
  begin
    return left(nullif(claims::jsonb ->> 'sub', ''), 256);
  exception when others then
    return null; -- no JSON: nobody's claims, and no reason to refuse a message
  end;
end
$$;
comment on function generation_private.signed_in_user() is
  'The id of the signed-in user on whose behalf PostgREST runs this transaction; null for anybody else.';
revoke all on function generation_private.signed_in_user() from public;

alter table public.generation_jobs
  add column if not exists owner text,
  add column if not exists priority integer not null default 0,
  add column if not exists requested_model text collate "C" not null default '';
comment on column public.generation_jobs.owner is
  'Whose job it is: the message''s owner, cut to 256 characters, else the signed-in user who sent it. Never changes.';
comment on column public.generation_jobs.priority is
  'From the message: -100 to 100, higher ones are claimed first; 0 when it says nothing of use.';
comment on column public.generation_jobs.requested_model is
  'The model that the message asks for, without models/; empty when it leaves that to the worker.';

create index if not exists generation_jobs_owner
  on public.generation_jobs (owner, enqueued_at desc)
  where owner is not null;

create or replace function generation_private.read_sender_fields()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.priority := generation_private.message_priority(new.message);
  new.requested_model := coalesce(
    generation_private.bare_model(generation_private.message_text(new.message, 'model', 256)), ''
  );
  if tg_op = 'INSERT' then
    new.owner := coalesce(
      generation_private.message_text(new.message, 'owner', 256), generation_private.signed_in_user()
    );
  end if;
  return new;
end
$$;
comment on function generation_private.read_sender_fields() is
  'Trigger: a message came into the ledger, or was corrected in the queue.';
revoke all on function generation_private.read_sender_fields() from public;

create or replace trigger generation_job_fields
  before insert or update of message on public.generation_jobs
  for each row execute function generation_private.read_sender_fields();

-- What was sent before there were these columns.
update public.generation_jobs as j
set message = j.message,
    owner = coalesce(j.owner, generation_private.message_text(j.message, 'owner', 256))
where j.status in ('queued', 'running', 'waiting')
  and (
    j.priority <> generation_private.message_priority(j.message)
    or (j.requested_model = '' and generation_private.message_text(j.message, 'model', 256) is not null)
    or (j.owner is null and generation_private.message_text(j.message, 'owner', 256) is not null)
  );

-- The order in which messages are claimed. Spelled out in built-in functions: whoever may send needs
-- no right to one of ours.
do $$
declare
  queue text;
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    execute format(
      $sql$
        create index if not exists %I on pgmq.%I (
          (
            case
              when jsonb_typeof(message -> 'priority') = 'number'
                and message ->> 'priority' ~ '^-?([0-9]{1,2}|100)$'
                then (message ->> 'priority')::integer
              else 0
            end
          ) desc,
          msg_id
        )
      $sql$,
      queue || '_claim_order', 'q_' || queue
    );
  end loop;
exception
  when insufficient_privilege then
    raise notice 'the queues belong to somebody else, so their index for claims was not made: claims get slow when many messages wait (%)', sqlerrm;
end
$$;
