begin;
select plan(4);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

-- A worker claims the job, says whether it has no other, and dies: its lease runs out.
create function pg_temp.worker_dies(alone boolean) returns setof public.generation_claim language plpgsql as $$
declare
  claim public.generation_claim;
begin
  select * into claim from public.claim_generation_jobs('image_generation_queue', 30, 1);
  if alone then
    perform public.extend_generation_lease('image_generation_queue', claim.msg_id, claim.lease_token, 30, true);
  end if;
  perform pgmq.set_vt('image_generation_queue', claim.msg_id, 0);
  return next claim;
end
$$;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');

select results_eq(
  $$ select (pg_temp.worker_dies(false)).deaths from generate_series(1, 5) $$,
  array[0, 1, 2, 2, 2],
  'two deaths beside others count'
);
select results_eq(
  $$ select (pg_temp.worker_dies(true)).deaths from generate_series(1, 3) $$,
  array[2, 3, 4],
  'later ones count if the job was alone'
);
select is(attempts, 1, 'a death is no attempt') from public.generation_jobs;

select public.fail_generation_job('image_generation_queue', c.msg_id, c.lease_token, 'attempts_exhausted', 'dies')
from public.claim_generation_jobs('image_generation_queue', 30, 1) as c;
select public.redrive_generation_jobs(error_code => 'attempts_exhausted');
select is(deaths, 0, 'a redriven job is no suspect any more')
from public.claim_generation_jobs('image_generation_queue', 30, 1);

select * from finish();
rollback;
