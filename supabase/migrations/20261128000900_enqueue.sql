-- Plain pgmq.send is enough; this one also answers the job's id, sends once for each idempotency key, and
-- PostgREST can call it.

create unique index if not exists generation_jobs_idempotency_key
  on public.generation_jobs (queue, coalesce(owner, ''), idempotency_key)
  where idempotency_key is not null;

-- By its index, also in a session that has planned how when there was next to nothing in the ledger.
create or replace function generation_private.job_of_key(
  queue_name text,
  owner text,
  key text,
  out job_id uuid,
  out msg_id bigint,
  out message jsonb
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_sort = off
as $$
begin
  -- There is one way to put what is found in order, so this is the way in which it is found.
  select j.id, j.msg_id, j.message
  into job_of_key.job_id, job_of_key.msg_id, job_of_key.message
  from public.generation_jobs as j
  where j.queue = queue_name
    and coalesce(j.owner, '') = job_of_key.owner
    and j.idempotency_key between job_of_key.key and job_of_key.key
  order by j.idempotency_key
  limit 1;
end
$$;
comment on function generation_private.job_of_key(text, text, text) is
  'The job that an owner (empty: nobody) has enqueued with a key; nulls if there is none.';

create or replace function public.enqueue_generation_job(
  queue_name text,
  message jsonb,
  delay_seconds integer default 0,
  idempotency_key text default null,
  priority integer default null
)
returns table (job_id uuid, msg_id bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  key constant text := enqueue_generation_job.idempotency_key;
  payload jsonb := enqueue_generation_job.message;
  sender text;
  known record;
  sent_at timestamptz;
begin
  perform generation_private.check_queue(queue_name);
  if payload is null then
    raise exception 'message: expected a JSON object, got null' using errcode = '22023';
  end if;
  if delay_seconds is null or delay_seconds not between 0 and 2592000 then
    raise exception 'delay_seconds: expected 0 to 2592000 seconds, got %',
      coalesce(delay_seconds::text, 'null') using errcode = '22023';
  end if;
  if char_length(key) not between 1 and 255 then
    raise exception 'idempotency_key: expected 1 to 255 characters, not %', char_length(key)
      using errcode = '22023';
  end if;
  if enqueue_generation_job.priority not between -100 and 100 then
    raise exception 'priority: expected -100 to 100, got %', enqueue_generation_job.priority
      using errcode = '22023';
  end if;
  if enqueue_generation_job.priority is not null then
    if jsonb_typeof(payload) <> 'object' then
      raise exception 'message: expected a JSON object to give a priority to, got %',
        jsonb_typeof(payload) using errcode = '22023';
    end if;
    payload := payload || jsonb_build_object('priority', enqueue_generation_job.priority);
  end if;

  if key is not null then
    sender := coalesce(
      generation_private.message_text(payload, 'owner', 256), generation_private.signed_in_user(), ''
    );
    -- Whoever sends the same at the same moment waits here and finds the row then.
    perform pg_advisory_xact_lock(hashtextextended(
      jsonb_build_array('enqueue', queue_name, sender, key)::text, 0
    ));
    select * into known
    from generation_private.job_of_key(queue_name, sender, key);
    if known.job_id is not null then
      if known.message is distinct from payload then
        raise exception 'idempotency_key: % was used before, for another message', quote_literal(key)
          using errcode = '23505', detail = format('Job %s.', known.job_id);
      end if;
      job_id := known.job_id;
      msg_id := known.msg_id;
      return next;
      return;
    end if;
  end if;

  select s into msg_id
  from pgmq.send(queue_name, payload, delay_seconds) as s;
  execute format(
    'select q.enqueued_at from pgmq.%I as q where q.msg_id = $1', 'q_' || queue_name
  ) into sent_at using msg_id;
  -- The trigger has written the row, or it is missing and this writes it.
  job_id := generation_private.write_job(queue_name, msg_id, sent_at, payload);
  if key is not null then
    update public.generation_jobs as j
    set idempotency_key = key
    where j.id = job_id;
  end if;
  return next;
end
$$;
comment on function public.enqueue_generation_job(text, jsonb, integer, text, integer) is
  'Puts a message on a queue, visible after delay_seconds (0 to 2592000), and answers the id of its job and of the '
  'message. The message is not judged here: one that cannot become a job ends as a failed job. idempotency_key (1 to 255 '
  'characters): the same key of the same owner answers the job that it was first used for, and sends nothing; with '
  'another message it is an error (23505). priority (-100 to 100) becomes the message''s field.';
select generation_private.only_service_role(
  'public.enqueue_generation_job(text, jsonb, integer, text, integer)'
);
