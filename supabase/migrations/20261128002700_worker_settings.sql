-- How the workers of each queue are called: one row a queue, and the one place to change it. An update counts
-- from the next call on.

create table if not exists public.generation_worker_settings (
  queue text primary key
    check (queue in ('image_generation_queue', 'video_generation_queue')),
  function_name text not null check (function_name ~ '^[A-Za-z0-9_-]+$'),
  call_interval_seconds integer not null default 10
    check (
      call_interval_seconds between 1 and 59
      or call_interval_seconds in (60, 120, 180, 240, 300, 360, 600, 720, 900, 1200, 1800, 3600)
    ),
  most_workers integer not null default 4 check (most_workers between 0 and 50),
  jobs_per_worker integer not null check (jobs_per_worker between 1 and 100),
  debounce_seconds double precision not null default 3 check (debounce_seconds between 0 and 60),
  timeout_milliseconds integer not null default 5000
    check (timeout_milliseconds between 100 and 60000),
  region text check (region ~ '^[a-z0-9-]{1,40}$'),
  scheduled boolean
);
comment on table public.generation_worker_settings is
  'How the database calls the workers of each queue. One UPDATE changes it.';
comment on column public.generation_worker_settings.function_name is
  'The Edge Function that works on the queue.';
comment on column public.generation_worker_settings.call_interval_seconds is
  'Seconds between two checks of the queue: 1 to 59, or whole minutes that divide an hour.';
comment on column public.generation_worker_settings.most_workers is
  'How many workers are called at the same time; 0 calls none.';
comment on column public.generation_worker_settings.jobs_per_worker is
  'How many jobs a worker has in hand at once: IMAGE_CONCURRENCY or VIDEO_CONCURRENCY of the functions.';
comment on column public.generation_worker_settings.debounce_seconds is
  'For how long a call counts as a worker that is about to take what waits.';
comment on column public.generation_worker_settings.timeout_milliseconds is
  'How long pg_net waits for the answer, which comes before the run.';
comment on column public.generation_worker_settings.region is
  'The region in which Supabase runs the called workers (the header x-region), like us-east-1; null: near the caller.';
comment on column public.generation_worker_settings.scheduled is
  'Whether the schedule is installed; null until that was decided.';

-- What an operator has set stays as it is.
insert into public.generation_worker_settings (queue, function_name, jobs_per_worker)
values
  ('image_generation_queue', 'process-image-generation', 5),
  ('video_generation_queue', 'process-video-generation', 1)
on conflict (queue) do nothing;

alter table public.generation_worker_settings enable row level security;
select generation_private.grant_to_service_role(
  'select, update (function_name, call_interval_seconds, most_workers, jobs_per_worker, debounce_seconds, '
    'timeout_milliseconds, region)',
  'table public.generation_worker_settings'
);
