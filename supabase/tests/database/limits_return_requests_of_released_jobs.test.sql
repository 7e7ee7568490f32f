-- What counts as a request: an attempt that may have asked the model for something.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
insert into public.generation_limits (model, requests_per_minute, jobs_in_flight) values ('veo', 1, 1);

create temporary table lease (msg_id bigint, lease_token integer);
create function pg_temp.claim() returns bigint language sql as $$
  delete from lease;
  insert into lease select msg_id, lease_token
  from public.claim_generation_jobs('video_generation_queue', 600, 5, '{models/veo}');
  select count(*) from lease
$$;
create function pg_temp.defer(code text, counted boolean) returns void language sql as $$
  select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 0, counted, code, 'x')
  from lease
$$;
create function pg_temp.a_minute_passes() returns void language sql as $$
  update generation_private.requests set granted_at = granted_at - interval '1 minute'
$$;

select pgmq.send('video_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 2) as n;
select is(pg_temp.claim(), 1::bigint, 'one is claimed');
select pg_temp.defer(null, false);
select is(pg_temp.claim(), 1::bigint, 'given back unbegun, it has used no request');
select pg_temp.defer('quota_exhausted', false);
select is(pg_temp.claim(), 0::bigint, 'refused because of the quota, it has, though that was no attempt');
select pg_temp.a_minute_passes();
select is(pg_temp.claim(), 1::bigint, 'a minute later there is another');

select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op", "model": "veo"}') from lease;
select pg_temp.defer(null, false);
select pg_temp.a_minute_passes();
update pgmq.q_video_generation_queue set vt = clock_timestamp();
select is(pg_temp.claim(), 1::bigint, 'a video that is waited for is claimed to be polled, and nothing else: it is in flight');
select is(
  (select operation ->> 'name' from public.generation_jobs join lease using (msg_id)), 'op',
  'although nothing new may be begun'
);
select is(count(*), 0::bigint, 'polling is no request') from generation_private.requests;
select pg_temp.defer(null, false);
update public.generation_limits set jobs_in_flight = 2;
select is(pg_temp.claim(), 2::bigint, 'with more places another one begins beside it');

select pg_temp.a_minute_passes();
update pgmq.q_video_generation_queue set vt = clock_timestamp() - interval '1 second';
select pgmq.send('video_generation_queue', '{"prompt": "3"}');
update public.generation_limits set jobs_in_flight = 1, requests_per_minute = null;
select is(pg_temp.claim(), 1::bigint,
  'a worker that died holds no place, what it submitted does');

select * from finish();
rollback;
