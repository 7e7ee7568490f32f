begin;
select plan(11);
delete from public.generation_limits;

select throws_ok('insert into public.generation_limits ' || what, '23514', null, why)
from (values
  ($$(model, queue, requests_per_minute) values ('m', 'image_generation_queue', 1)$$, 'a row is for a model or for a queue'),
  ($$(requests_per_minute) values (1)$$, 'and not for nothing'),
  ($$(model) values ('m')$$, 'that of a model limits something'),
  ($$(model, fair_share) values ('m', 'owner')$$, 'but has no shares'),
  ($$(queue, jobs_in_flight) values ('image_generation_queue', 1)$$, 'that of a queue says whose turn it is'),
  ($$(queue, fair_share) values ('image_generation_queue', 'scene')$$, 'a storyboard''s or an owner''s'),
  ($$(queue, fair_share) values ('images', 'owner')$$, 'there are two queues'),
  ($$(model, jobs_in_flight) values ('models/m', 1)$$, 'models go by their bare names'),
  ($$(model, requests_per_minute) values ('m', -1)$$, 'nothing is less than none')
) as bad(what, why);

select is_empty(
  $$ select role, privilege
     from unnest(array['anon', 'authenticated']) as role,
       unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
     where has_table_privilege(role, 'public.generation_limits', privilege) $$,
  'they are closed to anon and authenticated'
);
select ok(
  relrowsecurity and has_table_privilege('service_role', oid, 'select, insert, update, delete'),
  'service_role sets them, and row security is on'
) from pg_class where oid = 'public.generation_limits'::regclass;

select * from finish();
rollback;
