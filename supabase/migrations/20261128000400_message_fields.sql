-- What a message says. It is whatever was sent: a field of the wrong type counts as absent, and a text
-- without end is cut.

create or replace function generation_private.message_text(message jsonb, field text, bound integer)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when jsonb_typeof(message -> field) = 'string' then nullif(left(message ->> field, bound), '')
  end
$$;
comment on function generation_private.message_text(jsonb, text, integer) is
  'A string field of a message, cut to a number of characters; null when absent, empty or of another type.';

-- Without a search path of its own the planner puts its body in its place, and finds the index below.
-- What its names mean is decided here, not by the path of its caller.
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

-- The order in which messages are claimed. Spelled out in built-in functions: a sender needs no right to one
-- of ours.
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
