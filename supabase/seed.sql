-- For Supabase's local stack: `supabase start` and `supabase db reset` run this after the migrations.
-- It installs the schedule, so that a message that is sent there starts a worker by itself.
--
-- No key is kept here. The local stack alone tells the database its JWT secret, and makes its
-- service_role key of that: always the same claims, signed with this secret.

do $$
declare
  -- The gateway's name inside of the stack's network; the database does not reach 127.0.0.1:54321.
  gateway constant text := 'http://kong:8000';
  jwt_secret constant text := nullif(current_setting('app.settings.jwt_secret', true), '');
  signed text;
begin
  if exists (select from vault.secrets where name in ('project_url', 'worker_key')) then
    raise notice 'the schedule has an address or a key already: nothing is changed';
  elsif jwt_secret is null then
    raise notice 'the schedule is not installed: this database knows no JWT secret, as the local stack''s does'
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
