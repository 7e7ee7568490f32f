-- Which messages can be read at all. PostgreSQL takes messages that neither it nor a worker can read again: nested
-- deeper than its stack, with numbers whose digits fill its memory, longer than a reply may be. What reads messages
-- therefore asks here first, and goes on with what can be read.
--
-- Each check bounds what the next one costs. The size that a message has on disk is known without a look at it.

-- No message of 262144 bytes of JSON and 1000 values is larger in PostgreSQL's own form. Compressed, so many bytes can
-- be 30 MB.
create or replace function generation_private.most_message_bytes()
returns integer
language sql immutable parallel safe
return 327680;

-- Why a message cannot even be handed to a worker; null if it can. Most messages that are no job are the worker's to
-- judge, field by field. But a claim returns several messages at once: one must not keep the others from the worker.
create or replace function generation_private.rejection_reason(message jsonb)
returns text
language plpgsql stable
as $$
declare
  longest constant integer := 262144;
  plain jsonb;
  length integer;
  prompt_length integer;
begin
  if message is null then
    return 'message: expected a JSON object, got null';
  elsif pg_column_size(message) > generation_private.most_message_bytes() then
    return format('message: expected at most %s bytes of JSON', longest);
  end if;
  -- The whole of it, as it is without compression.
  plain := message #> '{}';
  if pg_column_size(plain) > generation_private.most_message_bytes() then
    return format('message: expected at most %s bytes of JSON', longest);
  elsif plain @? 'strict $.**{101}' then
    return 'message: expected at most 100 levels of nesting';
  elsif plain @? 'strict $.** ? (@.type() == "number" && (@ > 1.7e308 || @ < -1.7e308))' then
    return 'message: expected numbers of at most 1.7e308'; -- other readers of JSON know no 1e400
  elsif pg_column_size(plain) > 4000 then -- a value takes four bytes at least
    if (select count(*) from (select jsonb_path_query(plain, 'strict $.**') limit 1001) as value) > 1000 then
      return 'message: expected at most 1000 values';
    end if;
  end if;

  length := octet_length(plain::text);
  if length <= longest then
    return null;
  end if;
  prompt_length := octet_length(plain ->> 'prompt');
  if prompt_length > 32768 then
    return format('prompt: expected at most 32768 bytes, not %s', prompt_length);
  end if;
  return format('message: expected at most %s bytes of JSON, not %s', longest, length);
exception when others then
  return format('message: the database cannot read it (error %s)', sqlstate);
end
$$;
