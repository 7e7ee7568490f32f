-- Signatures as Standard Webhooks wants them (https://www.standardwebhooks.com): HMAC-SHA256 over
-- "{id}.{timestamp}.{body}", in Base64.

-- HMAC-SHA256 (RFC 2104). PostgreSQL has SHA-256 built in; HMAC it has in pgcrypto only, which may be in any schema,
-- or in none.
create or replace function generation_private.hmac_sha256(message bytea, key bytea)
returns bytea
language plpgsql immutable strict
as $$
declare
  block_size constant integer := 64;
  block bytea := case when length(key) > block_size then sha256(key) else key end;
  inner_pad bytea;
  outer_pad bytea;
begin
  block := block || decode(repeat('00', block_size - length(block)), 'hex');
  inner_pad := block;
  outer_pad := block;
  for place in 0 .. block_size - 1 loop
    inner_pad := set_byte(inner_pad, place, get_byte(block, place) # 54); -- 0x36
    outer_pad := set_byte(outer_pad, place, get_byte(block, place) # 92); -- 0x5c
  end loop;
  return sha256(outer_pad || sha256(inner_pad || message));
end
$$;

-- The keys of a secret, which is one or more of whsec_ and 24 to 64 bytes in Base64, with spaces between them. Null when
-- it is not.
create or replace function generation_private.webhook_keys(secret text)
returns bytea[]
language plpgsql immutable strict
as $$
declare
  part text;
  key bytea;
  keys bytea[];
begin
  foreach part in array regexp_split_to_array(btrim(secret, E' \t\r\n'), '\s+') loop
    if part !~ '^whsec_[A-Za-z0-9+/]+={0,2}$' then
      return null;
    end if;
    key := decode(substr(part, 7), 'base64');
    if length(key) not between 24 and 64 then
      return null;
    end if;
    keys := keys || key;
  end loop;
  return keys;
exception when invalid_parameter_value then
  return null; -- not Base64 after all
end
$$;

-- The header webhook-signature, with a signature for each key. sent_at in seconds since 1970, as in webhook-timestamp.
create or replace function generation_private.webhook_signatures(
  id text,
  sent_at bigint,
  body text,
  keys bytea[]
)
returns text
language plpgsql immutable
as $$
begin
  return (
    select string_agg(
      'v1,' || encode(
        generation_private.hmac_sha256(
          convert_to(format('%s.%s.%s', webhook_signatures.id, sent_at, body), 'UTF8'), k.key
        ),
        'base64'
      ),
      ' ' order by k.place
    )
    from unnest(keys) with ordinality as k (key, place)
  );
end
$$;