-- Plain pgmq.send is enough; this one also answers the job's id, and PostgREST can call it.

create or replace function public.enqueue_generation_job(
  queue text,
  message jsonb,
  delay_seconds integer default 0
)
returns table (job_id uuid, msg_id bigint)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  sent bigint;
  sent_at timestamptz;
begin
  perform generation_private.check_queue(enqueue_generation_job.queue);
  if enqueue_generation_job.message is null then
    raise exception 'message: expected a JSON object, got null' using errcode = '22023';
  end if;
  if delay_seconds is null or delay_seconds not between 0 and 2592000 then
    raise exception 'delay_seconds: expected 0 to 2592000 seconds, got %',
      coalesce(delay_seconds::text, 'null') using errcode = '22023';
  end if;

  select s into sent
  from pgmq.send(enqueue_generation_job.queue, enqueue_generation_job.message, delay_seconds) as s;
  execute format(
    'select q.enqueued_at from pgmq.%I as q where q.msg_id = $1', 'q_' || enqueue_generation_job.queue
  ) into sent_at using sent;

  msg_id := sent;
  -- The trigger has written the row, or it is missing and this writes it.
  job_id := generation_private.write_job(
    enqueue_generation_job.queue, sent, sent_at, enqueue_generation_job.message
  );
  return next;
end
$$;
comment on function public.enqueue_generation_job(text, jsonb, integer) is
  'Puts a message on a queue, visible after delay_seconds (0 to 2592000), and answers the id of its job and of the '
  'message. The message is not judged here: one that cannot become a job ends as a failed job.';
select generation_private.only_service_role('public.enqueue_generation_job(text, jsonb, integer)');
