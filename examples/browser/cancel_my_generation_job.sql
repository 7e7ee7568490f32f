create or replace function public.cancel_my_generation_job(job_id uuid)
returns boolean
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  select (public.cancel_generation_job(job.id) ->> 'cancelled')::boolean
  from public.generation_jobs as job
  where job.id = job_id and job.owner = auth.uid()::text
$$;
revoke execute on function public.cancel_my_generation_job(uuid) from public, anon;
grant execute on function public.cancel_my_generation_job(uuid) to authenticated;
