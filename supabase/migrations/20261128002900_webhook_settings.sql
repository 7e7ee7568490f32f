-- Where webhooks may go to: one row. Nowhere, until a host is named.
--
-- pg_net follows redirects and cannot be told not to, and it looks the name up itself. So a host that is sent
-- something can pass the request on to whatever the database's machine reaches. A public name is no reason to
-- trust it with that; being on this list is.

create table if not exists public.generation_webhook_settings (
  only_row boolean primary key default true check (only_row),
  hosts text[] not null default '{}'
    check (array_to_string(hosts, ' ', '') ~ '^((\*\.)?([a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}( (?=.)|$))*$'),
  timeout_milliseconds integer not null default 5000
    check (timeout_milliseconds between 100 and 30000),
  local_receivers boolean not null default false
);
comment on table public.generation_webhook_settings is
  'Where webhooks may go to, and how long an answer may take. One row; only the owner changes it.';
comment on column public.generation_webhook_settings.hosts is
  'The hosts that a webhookUrl may name: hooks.example.com, or *.example.com for every name below it. In small letters.';
comment on column public.generation_webhook_settings.timeout_milliseconds is
  'How long pg_net waits for a receiver''s answer. While it waits, its other requests may wait, too.';
comment on column public.generation_webhook_settings.local_receivers is
  'For development: also allows http://127.0.0.1:PORT and http://localhost:PORT, and so the machine of the database.';

insert into public.generation_webhook_settings (only_row) values (true) on conflict do nothing;

alter table public.generation_webhook_settings enable row level security;
select generation_private.grant_to_service_role('select', 'table public.generation_webhook_settings');
