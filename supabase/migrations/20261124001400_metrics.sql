-- One line a queue, for dashboards and alerts.

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
set search_path = ''
as $$
#variable_conflict use_column
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    visible := 0;
    in_flight := 0;
    delayed := 0;
    oldest_visible_seconds := null;
    if to_regclass(format('pgmq.%I', 'q_' || queue)) is not null then
      execute format(
        'select count(*) filter (where q.vt <= clock_timestamp()),
                count(*) filter (where q.vt > clock_timestamp() and job.status = ''running''),
                count(*) filter (where q.vt > clock_timestamp() and job.status is distinct from ''running''),
                extract(epoch from clock_timestamp() - min(q.vt) filter (where q.vt <= clock_timestamp()))
           from pgmq.%I as q
           left join public.generation_jobs as job
             on job.queue = $1
            and job.msg_id = q.msg_id
            and job.status in (''queued'', ''running'', ''waiting'')',
        'q_' || queue
      ) into visible, in_flight, delayed, oldest_visible_seconds using queue;
    end if;

    select count(*) filter (where job.status = 'queued'),
           count(*) filter (where job.status = 'running'),
           count(*) filter (where job.status = 'waiting'),
           count(*) filter (where job.status = 'succeeded'),
           count(*) filter (where job.status = 'failed'),
           count(*) filter (where job.status = 'cancelled'),
           coalesce(sum(job.cost_usd), 0)
    into queued, running, waiting, succeeded, failed, cancelled, cost_usd
    from public.generation_jobs as job
    where job.queue = generation_metrics.queue;
    return next;
  end loop;
end
$$;
comment on function public.generation_metrics() is
  'One row a queue. Messages: visible, in_flight (hidden, a worker has them), delayed (hidden, nobody has them), '
  'oldest_visible_seconds (how long the longest waiting one could have been taken). Jobs by status. cost_usd: estimated '
  'cost of all jobs in US dollars.';
select generation_private.only_service_role('public.generation_metrics()');
