-- Errors that a claim meets with a single message: that message fails or is hidden, and the claim goes on.

-- What an error that a claim has met says of the message in hand:
--   of_no_message  nothing, if others meet it too: sessions that met, a server that ends, a disk that is full;
--   of_database    perhaps nothing: a function is missing, or a right. Like the former, it may be right again in a minute;
--   of_message     that it cannot be worked on.
create or replace function generation_private.meaning_of_error(state text)
returns text
language sql immutable
return
  case
    when state ~ '^(08|25|40|53|57|58)' and state <> '53200' or state = '55P03' then 'of_no_message'
    when state ~ '^42' then 'of_database'
    else 'of_message'
  end;

create table if not exists generation_private.claim_errors (
  queue text not null,
  msg_id bigint not null,
  met_at timestamptz not null,
  explanation text not null,
  primary key (queue, msg_id)
);
comment on table generation_private.claim_errors is
  'The errors of the last day that claims have met with single messages: the last one of each.';

create or replace function generation_private.note_claim_error(queue_name text, message_id bigint, explanation text)
returns void
language plpgsql
as $$
begin
  raise warning 'message % of % cannot be claimed: %', message_id, queue_name, explanation;
  delete from generation_private.claim_errors as e where e.met_at < clock_timestamp() - interval '1 day';
  insert into generation_private.claim_errors as e (queue, msg_id, met_at, explanation)
  values (queue_name, message_id, clock_timestamp(), left(explanation, 500))
  on conflict (queue, msg_id) do update set met_at = excluded.met_at, explanation = excluded.explanation;
end
$$;

-- The last 5 of the last hour, of messages that are still on the queue and whose job nothing has changed since.
create or replace function generation_private.last_claim_errors(queue_name text)
returns jsonb
language plpgsql stable
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(error) order by error.met_at desc), '[]')
    from (
      select e.msg_id, e.met_at, e.explanation as message
      from generation_private.claim_errors as e
      where e.queue = queue_name
        and e.met_at > clock_timestamp() - interval '1 hour'
        and (generation_private.find_message(queue_name, e.msg_id)).msg_id is not null
        and not exists (
          select from public.generation_jobs as j
          where j.queue = e.queue and j.msg_id = e.msg_id and j.updated_at > e.met_at
        )
      order by e.met_at desc
      limit 5
    ) as error
  );
end
$$;

-- Fails the job of a message that a claim has met an error with, if the error is the message's. Else, or if that cannot
-- be done, the message is hidden for a minute; if not even that, the claim goes on without it.
create or replace function generation_private.pass_over_message(
  queue_name text,
  message_id bigint,
  state text,
  explanation text
)
returns void
language plpgsql
as $$
declare
  held generation_private.queue_message;
begin
  perform generation_private.note_claim_error(queue_name, message_id, explanation);
  if generation_private.meaning_of_error(state) = 'of_message' then
    begin
      held := generation_private.lock_message(queue_name, message_id);
      held.rejection := format('message: the database cannot begin its job (error %s)', state);
      perform generation_private.is_settled(generation_private.job_of_message(queue_name, held), held);
      perform generation_private.archive_message(queue_name, message_id);
      return;
    exception when others or assert_failure then
      raise warning 'message % of % cannot be failed: %', message_id, queue_name, sqlerrm;
    end;
  end if;
  begin
    perform generation_private.hide_message(queue_name, message_id, 60);
  exception when others or assert_failure then
    raise warning 'message % of % cannot be hidden: %', message_id, queue_name, sqlerrm;
  end;
end
$$;
