-- What a worker asks when it has no job left: one call, where nothing is to be done most of the time.

create or replace function public.maintain_generation_queue(
  queue_name text,
  confirmed jsonb default null,
  told uuid[] default '{}',
  unpublished integer default 0,
  cancelled integer default 0
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_between('unpublished', unpublished, 0, 100, 'jobs');
  perform generation_private.check_between('cancelled', cancelled, 0, 100, 'jobs');
  return jsonb_build_object(
    'unpublished', generation_private.confirm_publications(confirmed) || (
      select coalesce(jsonb_agg(to_jsonb(j)), '[]')
      from public.unpublished_generation_jobs(queue_name, unpublished) as j
    ),
    'cancelled', (
      select coalesce(jsonb_agg(to_jsonb(j)), '[]')
      from public.cancelled_generation_operations(queue_name, cancelled, told) as j
    )
  );
end
$$;
comment on function public.maintain_generation_queue is
  'What a worker asks at the end of its run. confirmed has the copies that it made and has not confirmed yet (job_id, '
  'publications); told the jobs whose operations it has cancelled. Returns unpublished (the copies to be made again, and up '
  'to so many of unpublished_generation_jobs) and cancelled (up to so many of cancelled_generation_operations).';
select generation_private.grant_to_service_role('execute', 'function public.maintain_generation_queue');
