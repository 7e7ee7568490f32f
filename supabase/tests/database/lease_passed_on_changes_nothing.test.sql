-- A worker that has lost its lease stops without a trace, whatever it calls, however it lost it.
begin;
select plan(16);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s', '{"title": "Cliff"}');

-- One job for each way to lose it, claimed by the worker that will have lost it.
select pgmq.send(queue, jsonb_build_object('storyboardId', 'pgtap-sb', 'sceneId', 's', 'prompt', way))
from unnest(array['video_generation_queue', 'image_generation_queue']) as queue,
  unnest(array['held', 'passed on', 'read', 'deferred', 'waiting', 'succeeded', 'failed', 'cancelled', 'redriven', 'removed'])
    with ordinality as ways (way, place)
where queue = 'video_generation_queue' or way = 'held'
order by place;
create temporary table lease as
select *, message ->> 'prompt' as way from public.claim_generation_jobs('video_generation_queue', 600, 20);

create function pg_temp.again(wanted text) returns void language sql as $$
  update pgmq.q_video_generation_queue as q set vt = clock_timestamp()
  from lease where q.msg_id = lease.msg_id and way = wanted;
$$;
select pg_temp.again('passed on');
create temporary table new as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select pg_temp.again('read');
select msg_id from pgmq.read('video_generation_queue', 600, 1);
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}')
from lease where way = 'waiting';
select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 60, true, 'x', 'y')
from lease where way in ('deferred', 'waiting');
select public.complete_generation_job('video_generation_queue', msg_id, lease_token, 'p', 'u', 'video/mp4', 'm', null, null)
from lease where way = 'succeeded';
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'x', 'y')
from lease where way in ('failed', 'redriven');
select public.cancel_generation_job(job_id) from lease where way = 'cancelled';
select public.redrive_generation_jobs(array(select job_id from lease where way = 'redriven'));
select pgmq.delete('video_generation_queue', msg_id) from lease where way = 'removed';

create function pg_temp.everything() returns jsonb language sql as $$
  select jsonb_build_object(
    'jobs', (select jsonb_agg(to_jsonb(j) order by id) from public.generation_jobs as j),
    'images', (select jsonb_agg(to_jsonb(q) order by msg_id) from pgmq.q_image_generation_queue as q),
    'videos', (select jsonb_agg(to_jsonb(q) order by msg_id) from pgmq.q_video_generation_queue as q),
    'image archive', (select jsonb_agg(to_jsonb(a) order by msg_id) from pgmq.a_image_generation_queue as a),
    'video archive', (select jsonb_agg(to_jsonb(a) order by msg_id) from pgmq.a_video_generation_queue as a),
    'entities', (select jsonb_agg(to_jsonb(e) order by key) from public.kv_store_7ee7668a as e)
  )
$$;

-- Every function that takes a lease, with what it answers in this way.
create function pg_temp.answers(queue text, msg_id bigint, lease_token integer)
returns table (write text, answer text) language plpgsql as $$
declare
  before constant jsonb := pg_temp.everything();
  arguments text;
begin
  for write, arguments in
    values ('extend_generation_lease', '60'),
      ('begin_generation_submission', '''m'''),
      ('record_generation_operation', '''{"name": "other"}'''),
      ('complete_generation_job', '''new'', ''new'', ''video/mp4'', ''m'', ''{"tokens": 1}'', 1'),
      ('defer_generation_job', '5, true, ''new'', ''new'', true'),
      ('fail_generation_job', '''new'', ''new'', true')
  loop
    execute format('select public.%I(%L, %s, %s, %s)', write, queue, msg_id, lease_token, arguments) into answer;
    if pg_temp.everything() <> before then
      answer := answer || ', and something has changed';
    end if;
    if answer not in ('false', '{"held": false}') then
      return next;
    end if;
  end loop;
end
$$;

select is_empty(format($$ select * from pg_temp.answers('video_generation_queue', %s, %s) $$, msg_id, lease_token), way)
from lease where way in ('passed on', 'read', 'cancelled', 'removed')
order by msg_id;

-- A call that is repeated because its answer was lost is answered as before.
select results_eq(
  format($$ select write, answer from pg_temp.answers('video_generation_queue', %s, %s) $$, msg_id, lease_token),
  format('values (%L, %L)', write, answer), way
)
from lease join (values
  ('deferred', 'defer_generation_job', 'true'),
  ('waiting', 'defer_generation_job', 'true'),
  ('redriven', 'defer_generation_job', 'true'),
  ('failed', 'fail_generation_job', 'true')
) as repeated (way, write, answer) using (way)
order by msg_id;
select is(
  (select array_agg(write || ' ' || (answer::jsonb ->> 'held'))
   from pg_temp.answers('video_generation_queue', msg_id, lease_token)),
  array['complete_generation_job true'], way
) from lease where way = 'succeeded';

select is_empty(format($$ select * from pg_temp.answers('video_generation_queue', %s, %s) $$, msg_id, lease_token + 1),
  'a token that was never given out') from lease where way = 'held';
select is_empty(format($$ select * from pg_temp.answers('image_generation_queue', %s, %s) $$, msg_id, lease_token),
  'the other queue, where it is not claimed') from lease where way = 'held';
select is_empty(format($$ select * from pg_temp.answers('video_generation_queue', %s, %s) $$, new.msg_id, lease.lease_token),
  'the message of another') from new, lease where way = 'held';
select is_empty(format($$ select * from pg_temp.answers('video_generation_queue', %s, 1) $$, msg_id),
  'a message that is not there') from unnest(array[0, -1, 9223372036854775807]) as msg_id;
select is(public.extend_generation_lease('video_generation_queue', new.msg_id, new.lease_token, 60), true,
  'the new lease holds') from new;

select * from finish();
rollback;
