-- Which URLs webhooks are sent to. The rules are those for source images (src/service/source/address.rs), and stricter
-- where a webhook needs less: https alone, its own port, and a name, no address. A URL that is not spelled plainly is
-- refused, so that it does not matter how curl reads it.

-- Why nothing is sent to a URL, as a clause that goes on from "the URL"; null when its spelling is that of a public
-- https address.
create or replace function generation_private.check_webhook_url(url text)
returns text
language plpgsql immutable
as $$
declare
  -- Names, and all below them, that are looked up within a network or on the machine itself, and
  -- public names that resolve to the private address in front of them.
  private_names constant text[] := array[
    'localhost', 'local', 'localdomain', 'internal', 'intranet', 'private', 'corp', 'home', 'lan',
    'arpa', 'alt', 'onion', 'metadata.goog', 'nip.io', 'sslip.io', 'xip.io', 'localtest.me',
    'lvh.me', 'vcap.me', 'lacolhost.com', 'localho.st', '1u.ms', 'rbndr.us', 'local.gd', 'traefik.me'
  ];
  authority text;
  host text;
  port text;
begin
  if url is null then
    return 'is missing';
  elsif octet_length(url) > 4096 then
    return 'is longer than 4096 bytes';
  elsif url ~ '[^!-~]' then
    return 'has spaces, control characters or others than ASCII';
  elsif url ~ '["<>\\^`{|}]' then
    return 'has a character that is to be percent-encoded';
  elsif url !~ '^https://' then
    return 'does not begin with https://';
  elsif url ~ '#' then
    return 'has a fragment';
  end if;

  authority := substring(url from '^https://([^/?]*)');
  if authority ~ '@' then
    return 'has credentials';
  elsif authority ~ '\[' then
    return 'has an address where a name is expected';
  end if;
  port := substring(authority from ':(.*)$');
  if port <> '443' then
    return 'has a port other than 443';
  end if;

  host := lower(split_part(authority, ':', 1) collate "C");
  if host ~ '(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$' then
    return 'has an address where a name is expected';
  elsif octet_length(host) > 253 or host !~ '^([a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}$' then
    return 'has a host that is no full name';
  elsif exists (
    select from unnest(private_names) as name where right('.' || host, length(name) + 1) = '.' || name
  ) then
    return 'has a host that is not public';
  end if;
  return null;
end
$$;

-- Likewise, by its spelling and the settings.
create or replace function generation_private.webhook_refusal(url text)
returns text
language plpgsql stable
as $$
declare
  settings public.generation_webhook_settings;
  reason text;
  host text;
begin
  select * into settings from public.generation_webhook_settings;
  if settings.local_receivers and url ~ '^http://(127\.0\.0\.1|localhost):[0-9]{1,5}(/[!-~]*)?$' then
    return null;
  end if;
  reason := generation_private.check_webhook_url(url);
  if reason is not null then
    return reason;
  end if;
  host := lower(substring(url from '^https://([^/?:]*)') collate "C");
  if not exists (
    select
    from unnest(settings.hosts) as entry
    where host = entry or (entry like '*.%' and right(host, length(entry) - 1) = substr(entry, 2))
  ) then
    return 'has a host that is none of generation_webhook_settings.hosts';
  end if;
  return null;
end
$$;
