-- What a message says. It is whatever was sent: a field of the wrong type counts as absent, and an endless text
-- is cut.

-- In plpgsql, which keeps its plans: the ledger's generated columns call it with each update of a row.
create or replace function generation_private.message_text(message jsonb, field text, bound integer)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when jsonb_typeof(message -> field) = 'string' then nullif(left(message ->> field, bound), '')
  end;
end
$$;

-- People write a model with the prefix and without.
create or replace function generation_private.bare_model(model text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return regexp_replace(model, '^models/', '');
end
$$;

create or replace function generation_private.message_model(message jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return generation_private.bare_model(generation_private.message_text(message, 'model', 256));
end
$$;

-- -100 to 100; 0 when the message names none. The planner replaces a call by this body, because it has no search
-- path of its own, and then finds the index below. What its names mean is decided here, not by its caller.
create or replace function generation_private.message_priority(message jsonb)
returns integer
language sql immutable
return
  case
    when jsonb_typeof(message -> 'priority') = 'number'
      and message ->> 'priority' ~ '^-?([0-9]{1,2}|100)$'
      then (message ->> 'priority')::integer
    else 0
  end;

-- The order in which messages are claimed. Spelled out in built-in functions: a sender needs no right to one
-- of ours.
do $$
begin
  create index if not exists image_generation_queue_claim_order on pgmq.q_image_generation_queue (
    (
      case
        when jsonb_typeof(message -> 'priority') = 'number'
          and message ->> 'priority' ~ '^-?([0-9]{1,2}|100)$'
          then (message ->> 'priority')::integer
        else 0
      end
    ) desc,
    msg_id
  );
  create index if not exists video_generation_queue_claim_order on pgmq.q_video_generation_queue (
    (
      case
        when jsonb_typeof(message -> 'priority') = 'number'
          and message ->> 'priority' ~ '^-?([0-9]{1,2}|100)$'
          then (message ->> 'priority')::integer
        else 0
      end
    ) desc,
    msg_id
  );
exception
  when insufficient_privilege then
    raise notice 'the queues have another owner, so their index for claims was not created: claims get slow when many messages wait (%)', sqlerrm;
end
$$;
