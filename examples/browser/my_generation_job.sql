create or replace function public.my_generation_job(job_id uuid)
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'id', job -> 'id',
    'status', job -> 'status',
    'position', job -> 'position',
    'asset_url', job -> 'asset_url',
    'error_code', job -> 'error' -> 'code'
  )
  from public.generation_job(job_id) as job
  where job ->> 'owner' = auth.uid()::text
$$;
revoke execute on function public.my_generation_job(uuid) from public, anon;
grant execute on function public.my_generation_job(uuid) to authenticated;
