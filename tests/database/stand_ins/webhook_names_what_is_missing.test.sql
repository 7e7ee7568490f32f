-- Without all that is needed nothing is sent, and nothing lost.
begin;
select plan(18);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from vault.secrets where name = 'webhook_secret';
create function pg_temp.missing() returns text[] language sql as $$
  select array(select gap ->> 'missing' from public.deliver_generation_webhooks(), jsonb_array_elements(missing) as gap)
$$;
create function pg_temp.remedy() returns text language sql as $$
  select missing -> 0 ->> 'remedy' from public.deliver_generation_webhooks()
$$;
create function pg_temp.follow(remedy text) returns text language plpgsql as $$
begin
  execute remedy;
  return remedy;
end
$$;

select is(pg_temp.missing(), array['the secret webhook_secret', 'a host that webhooks may go to'], 'both are named');
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p", "webhookUrl": "https://hooks.example.com/"}');
select public.cancel_generation_job(id) from public.generation_jobs;
select is(status || ' ' || attempts, 'waiting 0', 'what is to be sent waits') from public.generation_webhooks;
select is(sent, 0, 'for as long as it takes') from public.deliver_generation_webhooks();

select lives_ok(format('select pg_temp.follow(%L)', pg_temp.remedy()), 'the remedy for the secret is a statement that works');
select is(pg_temp.missing(), array['a host that webhooks may go to'], 'then that is there');
select is(
  length((generation_private.webhook_keys(generation_private.vault_secret('webhook_secret')))[1]), 32, 'as long as it should be'
);
select lives_ok(format('select pg_temp.follow(%L)', pg_temp.remedy()), 'so does that for the hosts');
select is(sent, 1, 'what has waited is sent') from public.deliver_generation_webhooks();
select is(pg_temp.missing(), '{}', 'nothing is missing any more');

create temporary table old as select secret from vault.secrets where name = 'webhook_secret';
update vault.secrets set secret = 'whsec_no' where name = 'webhook_secret';
select is(
  pg_temp.missing(), array['a secret webhook_secret that is whsec_ and 24 to 64 bytes in Base64'], 'a secret that is none is said to be none'
);
select lives_ok(format('select pg_temp.follow(%L)', pg_temp.remedy()), 'and can be replaced');
select is(pg_temp.missing(), '{}', 'by a good one');

delete from vault.secrets where name = 'webhook_secret';
drop schema vault cascade;
select is(
  pg_temp.missing(), array['the extension supabase_vault', 'the secret webhook_secret'], 'without Vault there is no secret'
);
drop table net._http_response;
select is((pg_temp.missing())[1], 'the right to read the answers that pg_net got', 'answers have to be seen');
drop schema net cascade;
select is((pg_temp.missing())[1], 'the extension pg_net', 'without pg_net nothing is sent');
select is(pg_temp.remedy(), 'create extension pg_net;', 'which is its remedy');
select lives_ok($$
  select pgmq.send('image_generation_queue', '{"prompt": "late", "webhookUrl": "https://hooks.example.com/"}');
  select public.cancel_generation_job(id) from public.generation_jobs where prompt = 'late'
$$, 'jobs end all the same');
select is(array_agg(status order by status), array['sent', 'waiting'], 'and it is written down') from public.generation_webhooks;

select * from finish();
rollback;
