-- What a message says. It is whatever was sent: a field of the wrong type counts as absent, an endless text is cut,
-- and a message that is too large says nothing.

create or replace function generation_private.message_text(message jsonb, field text, bound integer)
returns text
language sql stable
return case
  when pg_column_size(message) <= generation_private.most_message_bytes() and jsonb_typeof(message -> field) = 'string'
    then nullif(left(message ->> field, bound), '')
end;

-- People write a model with the prefix and without.
create or replace function generation_private.bare_model(model text)
returns text
language sql immutable
return regexp_replace(model, '^models/', '');

create or replace function generation_private.message_model(message jsonb)
returns text
language sql stable
return generation_private.bare_model(generation_private.message_text(message, 'model', 256));

-- What is kept of a message that cannot be read: whose it is, and who waits for its end.
create or replace function generation_private.message_excerpt(message jsonb)
returns jsonb
language plpgsql immutable
as $$
declare
  plain jsonb;
begin
  if pg_column_size(message) > generation_private.most_message_bytes() then
    return '{}';
  end if;
  plain := message #> '{}'; -- without its compression
  return (
    select coalesce(jsonb_object_agg(f.field, f.said), '{}')
    from (
      select name as field, generation_private.message_text(plain, name, 4097) as said
      from unnest(array['storyboardId', 'sceneId', 'characterId', 'owner', 'model', 'webhookUrl']) as name
    ) as f
    where f.said is not null
  );
exception when others then
  return '{}';
end
$$;

-- For the readers of views, who have no right to what it calls.
create or replace function generation_private.readable_message(message jsonb)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if generation_private.rejection_reason(message) is null then
    return message;
  end if;
  return generation_private.message_excerpt(message);
end
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.readable_message(jsonb)');

-- -100 to 100; 0 when the message names none, or is too large to be asked. Senders call it, by the index below. Its cost
-- is that of a message that has to be unpacked: then no claim sorts all messages instead of going by the index.
--
-- The bound is that of most_message_bytes(), which senders have no right to call.
--
-- Only a number is read, and never as text: a list of a few kilobytes can be a gigabyte of digits, which the index
-- would write out with each claim.
create or replace function generation_private.message_priority(message jsonb)
returns integer
language plpgsql immutable cost 1000
set search_path = pg_catalog, pg_temp
as $$
declare
  said constant jsonb := case when pg_column_size(message) <= 327680 then message -> 'priority' end;
  priority numeric;
begin
  if jsonb_typeof(said) = 'number' then
    priority := said::numeric;
  end if;
  return case when priority between -100 and 100 and priority = trunc(priority) then priority::integer else 0 end;
end
$$;

-- The order in which messages are claimed.
do $$
begin
  create index if not exists image_generation_queue_claim_order
    on pgmq.q_image_generation_queue (generation_private.message_priority(message) desc, msg_id);
  create index if not exists video_generation_queue_claim_order
    on pgmq.q_video_generation_queue (generation_private.message_priority(message) desc, msg_id);
exception
  when insufficient_privilege then
    raise notice 'the queues have another owner, so their index for claims was not created: claims get slow when many messages wait (%)', sqlerrm;
end
$$;
