-- Plain pgmq.send is enough. This function also returns the id of the job, sends once for each idempotency key, and
-- can be called over the Data API.

create unique index if not exists generation_jobs_idempotency_key
  on public.generation_jobs (queue, coalesce(owner, ''), idempotency_key)
  where idempotency_key is not null;

-- By its index, also in a session whose plan is from when the ledger was nearly empty: there is one way to put in
-- order what is found, so this is the way in which it is found.
create or replace function generation_private.job_of_key(queue_name text, sender text, key text)
returns public.generation_jobs
language plpgsql
set enable_sort = off
as $$
declare
  job public.generation_jobs;
begin
  select * into job
  from public.generation_jobs as j
  where j.queue = queue_name
    and coalesce(j.owner, '') = sender
    and j.idempotency_key between key and key
  order by j.idempotency_key
  limit 1;
  return job;
end
$$;

-- The job that the sender's key was used for before, with the same message; null for a new key. A call with the same
-- key at the same moment waits here, and finds the job then.
create or replace function generation_private.lock_idempotency_key(
  queue_name text,
  key text,
  message jsonb
)
returns public.generation_jobs
language plpgsql
as $$
declare
  sender constant text := coalesce(
    generation_private.message_text(message, 'owner', 256), generation_private.signed_in_user(), ''
  );
  known public.generation_jobs;
begin
  perform pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('enqueue', queue_name, sender, key)::text, 0)
  );
  known := generation_private.job_of_key(queue_name, sender, key);
  if known.id is not null and known.message is distinct from lock_idempotency_key.message then
    raise exception 'idempotency_key: % was used before, for another message', quote_literal(key)
      using errcode = '23505', detail = format('Job %s.', known.id);
  end if;
  return known;
end
$$;

create or replace function generation_private.check_message(message jsonb)
returns void
language plpgsql stable
as $$
declare
  reason constant text := generation_private.rejection_reason(message);
begin
  if reason is not null then
    raise exception '%', reason using errcode = '22023';
  end if;
end
$$;

-- What a job cannot be without: a prompt, and ids that can stand in a path. The rule is that of the core (src/job/id.rs,
-- field.rs), which judges all fields of a message when a worker has claimed it.
create or replace function generation_private.check_job(message jsonb)
returns void
language plpgsql immutable
as $$
declare
  id constant text := '1 to 128 letters, digits, ''_'', ''-'' or single inner ''.''';
  -- All white space of Unicode.
  blank constant text := E' \t\n\u000b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009'
    '\u200a\u2028\u2029\u202f\u205f\u3000';
  faults text;
begin
  if jsonb_typeof(message) <> 'object' then
    raise exception 'message: expected a JSON object, got %', jsonb_typeof(message) using errcode = '22023';
  end if;
  select string_agg(
    format('%s: expected %s%s', f.field, f.expected, case when v.kind = 'null' then ', but it is missing' end),
    '; ' order by f.place
  )
  into faults
  from (values
    (1, 'storyboardId', id), (2, 'sceneId', id), (3, 'characterId', id),
    (4, 'prompt', 'a non-empty string of at most 32768 bytes')
  ) as f (place, field, expected)
  cross join lateral (
    select coalesce(jsonb_typeof(message -> f.field), 'null') as kind, message ->> f.field as text
  ) as v
  where case
    when v.kind = 'null' then f.field in ('storyboardId', 'prompt')
    when v.kind <> 'string' then true
    when f.field = 'prompt' then btrim(v.text, blank) = '' or octet_length(v.text) > 32768
    else v.text !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' or length(v.text) > 128
  end;
  if faults is not null then
    raise exception '%', faults using errcode = '22023';
  end if;
end
$$;

create or replace function public.enqueue_generation_job(
  queue_name text,
  message jsonb,
  delay_seconds integer default 0,
  idempotency_key text default null,
  priority integer default null
)
returns table (job_id uuid, msg_id bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  payload jsonb := enqueue_generation_job.message;
  known public.generation_jobs;
  sent generation_private.queue_message;
begin
  perform generation_private.check_queue(queue_name);
  perform generation_private.check_message(payload);
  perform generation_private.check_between('delay_seconds', delay_seconds, 0, 2592000, 'seconds');
  if char_length(idempotency_key) not between 1 and 255 then
    raise exception 'idempotency_key: expected 1 to 255 characters, not %', char_length(idempotency_key)
      using errcode = '22023';
  end if;
  if priority is not null then
    perform generation_private.check_between('priority', priority, -100, 100);
    if jsonb_typeof(payload) <> 'object' then
      raise exception 'message: expected a JSON object to give a priority to, got %', jsonb_typeof(payload)
        using errcode = '22023';
    end if;
    payload := payload || jsonb_build_object('priority', priority);
    perform generation_private.check_message(payload); -- a value more may be one too many
  end if;
  perform generation_private.check_job(payload);

  if idempotency_key is not null then
    known := generation_private.lock_idempotency_key(queue_name, idempotency_key, payload);
  end if;
  if known.id is not null then
    return query select known.id, known.msg_id;
    return;
  end if;

  msg_id := pgmq.send(queue_name, payload, delay_seconds);
  -- The trigger has written the row. If the trigger is missing, this writes it.
  sent := generation_private.find_message(queue_name, msg_id);
  sent.message := payload;
  job_id := generation_private.write_job(queue_name, sent);
  if idempotency_key is not null then
    update public.generation_jobs as j
    set idempotency_key = enqueue_generation_job.idempotency_key
    where j.id = job_id;
  end if;
  return next;
end
$$;
comment on function public.enqueue_generation_job is
  'Puts a message on a queue, visible after delay_seconds (0 to 2592000), and returns the id of its job and of the '
  'message. A message that no worker could read, or without a prompt and ids that can be used, is refused (22023); its '
  'other fields are for the worker to judge, and a job of which they are wrong fails. idempotency_key (1 to '
  '255 characters): the same key of the same owner returns the job that it was first used for, and sends nothing; with '
  'another message it is an error (23505). priority (-100 to 100) becomes the message''s field.';
select generation_private.grant_to_service_role('execute', 'function public.enqueue_generation_job');
