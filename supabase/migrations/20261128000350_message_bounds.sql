-- Which messages can be read at all. PostgreSQL takes messages that neither it nor a worker can read again: nested
-- deeper than its stack, with numbers whose digits fill its memory, longer than a reply may be. What reads messages
-- therefore asks here first, and goes on with what can be read.
--
-- Each check bounds what the next one costs. The size that a message has on disk is known without a look at it.

-- No message of 262144 bytes of JSON is larger in PostgreSQL's own form.
create or replace function generation_private.most_message_bytes()
returns integer
language sql immutable parallel safe
return 1048576;

-- Why a message cannot even be handed to a worker; null if it can. Most messages that are no job are the worker's to
-- judge, field by field. But a claim returns several messages at once: one must not keep the others from the worker.
create or replace function generation_private.rejection_reason(message jsonb)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 262144;
  plain jsonb;
  inner_values record;
  length integer;
  prompt_length integer;
begin
  if pg_column_size(message) > generation_private.most_message_bytes() then
    return format('message: expected at most %s bytes of JSON', longest);
  end if;
  -- The whole of it, as it is without compression.
  plain := message #> '{}';
  if pg_column_size(plain) > generation_private.most_message_bytes() then
    return format('message: expected at most %s bytes of JSON', longest);
  elsif plain @? 'strict $.**{101}' then
    return 'message: expected at most 100 levels of nesting';
  end if;

  select count(*) as quantity, max(abs(v.number)) as largest, max(scale(v.number)) as decimals into inner_values
  from (
    select case when jsonb_typeof(every.value) = 'number' then every.value::numeric end as number
    from (select jsonb_path_query(plain, 'strict $.**') as value limit 1001) as every
  ) as v;
  if inner_values.quantity > 1000 then
    return 'message: expected at most 1000 values';
  elsif inner_values.largest > 1.7e308 then
    return 'message: expected numbers of at most 1.7e308'; -- other readers of JSON know no 1e400
  elsif inner_values.decimals > 400 then
    return 'message: expected numbers of at most 400 decimals';
  end if;

  length := octet_length(plain::text);
  prompt_length := octet_length(plain ->> 'prompt');
  if length > longest and prompt_length > 32768 then
    return format('prompt: expected at most 32768 bytes, not %s', prompt_length);
  elsif length > longest then
    return format('message: expected at most %s bytes of JSON, not %s', longest, length);
  end if;
  return null;
exception when others then
  return format('message: the database cannot read it (error %s)', sqlstate);
end
$$;
