-- The metrics of a ledger that holds half a million jobs, in one go through an index.

create index if not exists generation_jobs_sums
  on public.generation_jobs (queue, status) include (cost_usd);

create or replace function public.generation_metrics()
returns table (
  queue text,
  visible bigint,
  in_flight bigint,
  delayed bigint,
  oldest_visible_seconds double precision,
  queued bigint,
  running bigint,
  waiting bigint,
  succeeded bigint,
  failed bigint,
  cancelled bigint,
  cost_usd numeric
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  sums jsonb; -- jobs by queue and status
  costs jsonb; -- likewise
begin
  -- By execute, or it would be the work of one process alone: into a variable, a plain statement of a
  -- function is not parallel.
  execute
    'select
       jsonb_object_agg(by_status.queue || '' '' || by_status.status, by_status.jobs),
       jsonb_object_agg(by_status.queue || '' '' || by_status.status, by_status.cost)
     from (
       select j.queue, j.status, count(*) as jobs, sum(j.cost_usd) as cost
       from public.generation_jobs as j
       group by j.queue, j.status
     ) as by_status'
    into sums, costs;

  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    visible := 0;
    in_flight := 0;
    delayed := 0;
    oldest_visible_seconds := null;
    if to_regclass(format('pgmq.%I', 'q_' || queue)) is not null then
      -- The few that are hidden, and of these the ones that somebody works on; the many that wait are
      -- only counted. The moment is a parameter, or the index on vt would be of no use.
      execute format(
        'select
           (select count(*) from pgmq.%1$I as q where q.vt <= $2),
           (
             select count(*)
             from public.generation_jobs as j
             join pgmq.%1$I as q on q.msg_id = j.msg_id and q.vt > $2
             where j.queue = $1 and j.status = ''running''
           ),
           (select count(*) from pgmq.%1$I as q where q.vt > $2),
           (select extract(epoch from $2 - min(q.vt)) from pgmq.%1$I as q where q.vt <= $2)',
        'q_' || queue
      ) into visible, in_flight, delayed, oldest_visible_seconds using queue, moment;
      delayed := delayed - in_flight;
    end if;

    queued := coalesce((sums ->> (queue || ' queued'))::bigint, 0);
    running := coalesce((sums ->> (queue || ' running'))::bigint, 0);
    waiting := coalesce((sums ->> (queue || ' waiting'))::bigint, 0);
    succeeded := coalesce((sums ->> (queue || ' succeeded'))::bigint, 0);
    failed := coalesce((sums ->> (queue || ' failed'))::bigint, 0);
    cancelled := coalesce((sums ->> (queue || ' cancelled'))::bigint, 0);
    select coalesce(sum(c.value::numeric), 0) into cost_usd
    from jsonb_each_text(costs) as c
    where split_part(c.key, ' ', 1) = generation_metrics.queue;
    return next;
  end loop;
end
$$;
comment on function public.generation_metrics() is
  'One row a queue. Messages: visible, in_flight (hidden, a worker has them), delayed (hidden, nobody has them), '
  'oldest_visible_seconds (how long the longest waiting one could have been taken). Jobs by status. cost_usd: estimated '
  'cost of all jobs in US dollars.';
select generation_private.only_service_role('public.generation_metrics()');
