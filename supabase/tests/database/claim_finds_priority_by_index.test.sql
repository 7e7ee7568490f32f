-- A claim on a long queue must not sort it.
begin;
select plan(2);
set local enable_seqscan = off;
set local enable_sort = off;

create function pg_temp.plan_of(queue text) returns text language plpgsql as $$
declare
  line text;
  lines text := '';
begin
  for line in execute format(
    'explain select candidate.msg_id
       from pgmq.%I as candidate
      where candidate.vt <= clock_timestamp()
      order by generation_private.message_priority(candidate.message) desc, candidate.msg_id
      limit 1
        for update skip locked',
    'q_' || queue
  ) loop
    lines := lines || line || E'\n';
  end loop;
  return lines;
end
$$;
select matches(pg_temp.plan_of(queue), 'Index Scan using ' || queue || '_claim_order', queue || ' is read in its order')
from unnest(array['image_generation_queue', 'video_generation_queue']) as queue;

select * from finish();
rollback;
