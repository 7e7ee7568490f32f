-- Whatever goes wrong with one message while it is claimed, its neighbours go on.
begin;
select plan(14);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
set local client_min_messages = error; -- a warning names each

-- What a project may have put on the tables.
create function pg_temp.project_trigger() returns trigger language plpgsql as $$
begin
  if new.message ->> 'prompt' = 'value' and new.message ->> 'seed' !~ '^[0-9]+$' then
    perform (new.message ->> 'seed')::integer;
  elsif new.message ->> 'prompt' = 'missing' then
    perform public.no_such_function();
  elsif new.message ->> 'prompt' = 'stuck' then
    raise exception 'never';
  end if;
  return new;
end
$$;
create trigger of_ledger before update on public.generation_jobs
  for each row execute function pg_temp.project_trigger();
create trigger of_queue before update on pgmq.q_image_generation_queue
  for each row when (new.message ->> 'sceneId' = 'locked') execute function pg_temp.project_trigger();

select pgmq.send('image_generation_queue', m::jsonb) from unnest(array[
  '{"prompt": "first"}',
  '{"prompt": "value", "seed": "none"}',
  '{"prompt": "value", "seed": "none", "sceneId": "locked"}',
  '{"prompt": "missing"}',
  '{"prompt": "stuck"}',
  '{"prompt": "stuck", "sceneId": "locked"}',
  '{"prompt": "last"}'
]) as m;
create function pg_temp.claimed(quantity integer) returns text[] language sql as $$
  select coalesce(array_agg(message ->> 'prompt' order by msg_id), '{}')
  from public.claim_generation_jobs('image_generation_queue', 30, quantity)
$$;

select is(pg_temp.claimed(5), array['first', 'last'], 'what can be begun is claimed');
alter table public.generation_jobs disable trigger of_ledger;
select is(
  array(select format('%s %s %s', prompt, status, attempts) from public.generation_jobs order by msg_id),
  array['first running 1', 'value queued 0', 'value queued 0', 'missing queued 0', 'stuck queued 0', 'stuck queued 0',
    'last running 1'],
  'what cannot even be failed stays as it is'
);
select is(
  array(
    select coalesce(message ->> 'sceneId', 'hidden') from pgmq.q_image_generation_queue
    where vt > now() + interval '55 s' or vt <= clock_timestamp() order by msg_id
  ),
  array['hidden', 'locked', 'hidden', 'hidden', 'locked'], 'hidden for a minute, unless that cannot be done'
);

-- Only what begins a job goes wrong now.
update pgmq.q_image_generation_queue as q set vt = now() where vt > now() + interval '55 s';
alter table public.generation_jobs enable trigger of_ledger;
drop trigger of_ledger on public.generation_jobs;
create trigger of_ledger before update on public.generation_jobs
  for each row when (new.status = 'running') execute function pg_temp.project_trigger();
select is(pg_temp.claimed(5), '{}', 'nothing is left');
select is(
  array(select format('%s %s %s', prompt, status, error_code) from public.generation_jobs order by msg_id),
  array['first running ', 'value failed invalid_message', 'value failed invalid_message', 'missing queued ',
    'stuck failed invalid_message', 'stuck failed invalid_message', 'last running '],
  'what goes wrong because of a message fails it, a missing function does not'
);
select is(
  array(select distinct error_message from public.generation_jobs where status = 'failed' order by 1),
  array['message: the database cannot begin its job (error 22P02)', 'message: the database cannot begin its job (error P0001)'],
  'with the code of the error'
);
select is(count(*), 4::bigint, 'those are archived') from pgmq.a_image_generation_queue;

create function pg_temp.errors() returns text[] language sql as $$
  select array_agg(error ->> 'message')
  from public.generation_schedule() as s, jsonb_array_elements(s.claim_errors) as error
  where s.queue = 'image_generation_queue'
$$;
select is(pg_temp.errors(), array['function public.no_such_function() does not exist'],
  'the schedule''s report has the errors of messages that are still on the queue');
drop trigger of_ledger on public.generation_jobs;
update pgmq.q_image_generation_queue as q set vt = now() where vt > now() + interval '55 s';
select is(pg_temp.claimed(1) || pg_temp.errors(), array['missing'], 'and that could not be claimed since');

-- Errors that say nothing of a message, unless it alone meets them; and a failed assertion.
create function pg_temp.raises() returns trigger language plpgsql as $$
begin
  if new.message ->> 'sceneId' = 'assert' then
    assert false, 'never';
  elsif new.message ->> 'sceneId' is not null then
    raise exception 'alone' using errcode = new.message ->> 'sceneId';
  end if;
  return new;
end
$$;
create trigger of_ledger before update on public.generation_jobs
  for each row when (new.status = 'running') execute function pg_temp.raises();
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', coalesce(state, 'fine'), 'sceneId', state))
from unnest(array['08006', '55P03', null, '53400', 'assert', '40P01', null]) as state;
select is(pg_temp.claimed(7), array['fine', 'fine'], 'what one message meets keeps no other from being claimed');
select is(
  array(
    select format('%s %s', j.prompt, j.status) from public.generation_jobs as j
    join pgmq.q_image_generation_queue as q using (msg_id)
    where j.scene_id is not null and q.vt > clock_timestamp() + interval '50 s' order by j.msg_id
  ),
  array['08006 queued', '55P03 queued', '53400 queued', '40P01 queued'], 'it is hidden for a minute'
);
select is(error_message, 'message: the database cannot begin its job (error P0004)', 'a failed assertion is the message''s')
from public.generation_jobs where prompt = 'assert';
drop trigger of_ledger on public.generation_jobs;

create function pg_temp.deadlock() returns trigger language plpgsql as $$
begin raise exception 'a deadlock' using errcode = '40P01'; end
$$;
create trigger of_ledger before update on public.generation_jobs for each row execute function pg_temp.deadlock();
select pgmq.send('image_generation_queue', '{"prompt": "again"}');
select throws_ok($$ select pg_temp.claimed(1) $$, '40P01', 'a deadlock', 'what every message meets is the caller''s to meet');
select is(status, 'queued', 'and its job waits') from public.generation_jobs where prompt = 'again';

select * from finish();
rollback;
