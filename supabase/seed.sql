-- For Supabase's local stack: `supabase start` and `supabase db reset` run this file after the migrations. It
-- installs the schedule, so that a new message starts a worker by itself.
--
-- The file contains no key. The CLI gives the local database the stack's JWT secret, and the stack's service_role
-- key is always the same claims, signed with that secret. Hosted projects do not show it to the database.

do $$
declare
  -- The gateway's name in the stack's network. The database cannot reach 127.0.0.1:54321.
  gateway constant text := 'http://kong:8000';
  jwt_secret constant text := nullif(current_setting('app.settings.jwt_secret', true), '');
  signed text;
begin
  if exists (select from vault.secrets where name in ('project_url', 'worker_key')) then
    raise notice 'the schedule has an address or a key already, and keeps it';
  elsif jwt_secret is null then
    raise notice 'the schedule is not installed: unlike the local stack''s, this database has no JWT secret'
      using hint = 'select install_generation_schedule(''http://kong:8000'', ''SECRET_KEY, as supabase status shows it'');';
  else
    select string_agg(rtrim(translate(encode(part, 'base64'), E'+/\n', '-_'), '='), '.' order by place)
    into signed
    from (values
      (1, '{"alg":"HS256","typ":"JWT"}'::bytea),
      (2, '{"iss":"supabase-demo","role":"service_role","exp":1983812996}'::bytea)
    ) as token (place, part);
    perform public.install_generation_schedule(
      gateway,
      signed || '.' || rtrim(translate(
        encode(generation_private.hmac_sha256(signed::bytea, jwt_secret::bytea), 'base64'), E'+/\n', '-_'
      ), '=')
    );
  end if;
end
$$;
