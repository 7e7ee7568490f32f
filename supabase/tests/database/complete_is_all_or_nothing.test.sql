-- When linking fails, the job is not done: nothing of the completion stays.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values
  ('character:pgtap-sb:c1', '{"name": "Hero"}'),
  ('scene:pgtap-sb:s1', '["no", "object"]');

select pgmq.send(
  'image_generation_queue',
  '{"storyboardId": "pgtap-sb", "sceneId": "s1", "characterId": "c1", "prompt": "p"}'
);
create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);

select throws_ok(
  $$
    select public.complete_generation_job(
      'image_generation_queue', msg_id, lease_token, 'p.png', 'https://x.test/p.png', 'image/png', 'm', null, null
    ) from lease
  $$,
  'GJ001',
  'Error updating entity scene:pgtap-sb:s1: the value is no JSON object but array',
  'the error names the entity and the reason'
);
select is(value, '{"name": "Hero"}', 'the entity linked before it is as it was')
from public.kv_store_7ee7668a where key = 'character:pgtap-sb:c1';
select ok(status = 'running' and object_path is null, 'the job still runs') from public.generation_jobs;
select is(count(*), 1::bigint, 'its message is still on the queue') from pgmq.q_image_generation_queue;
select ok(
  public.defer_generation_job(
    'image_generation_queue', msg_id, lease_token, 0, true, 'entity_update_failed', 'reason'
  ),
  'and the lease is still held'
) from lease;

select * from finish();
rollback;
