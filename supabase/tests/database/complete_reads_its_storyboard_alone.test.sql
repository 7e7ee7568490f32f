-- Whether a newer job of the same scene is in hand is found among the running jobs of its storyboard, not among all.
begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.jobs(first integer, last integer, job_status text, storyboard text, boards integer) returns void language sql as $$
  insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at)
  select 'image_generation_queue', n, job_status, jsonb_build_object('storyboardId', storyboard || n % boards, 'sceneId', 's1'), now(),
    case job_status when 'succeeded' then now() end
  from generate_series(first, last) as n
$$;
select pg_temp.jobs(1, 500, 'succeeded', 'sb', 1);
select pg_temp.jobs(501, 501, 'running', 'sb', 1);
select pg_temp.jobs(502, 700, 'running', 'other', 50);
select pg_temp.jobs(701, 3000, 'succeeded', 'other', 50);
analyze public.generation_jobs;
discard plans; -- of this session, for the ledgers of other tests

create function pg_temp.is_contended(wanted bigint) returns boolean language sql as $$
  select generation_private.is_contended(j) from public.generation_jobs as j
  where j.queue = 'image_generation_queue' and j.msg_id = wanted
$$;
create function pg_temp.fetched() returns bigint language sql as $$
  select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'public.generation_jobs'::regclass
$$;
create temporary table before as select pg_temp.fetched();
select is(pg_temp.is_contended(500), true, 'a newer job of its scene is in hand');
select is(pg_temp.is_contended(501), false, 'or none is');
select ok(pg_temp.fetched() - before.fetched < 10, 'few rows are checked') from before;

select * from finish();
rollback;
