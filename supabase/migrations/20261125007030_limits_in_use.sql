-- How far the limits of models are used, for whoever wonders why a job does not start.

create or replace view public.generation_limits_in_use as
select l.model, l.requests_per_minute,
  (
    select count(*)
    from generation_private.requests as r
    where r.model = l.model and r.granted_at > now() - interval '1 minute'
  ) as begun_last_minute,
  l.jobs_in_flight,
  (
    select count(*)
    from public.generation_jobs_in_flight as job
    where regexp_replace(job.model, '^models/', '') = l.model
      -- As the claim counts: what a worker that died had in hand is free again, but not what it submitted.
      and (job.submitted_at is not null or job.visible_at > now())
  ) as in_flight_now
from public.generation_limits as l
where l.model is not null;
comment on view public.generation_limits_in_use is
  'The limits of each model beside what is used of them. begun_last_minute is 0 where no requests are counted.';
select generation_private.only_service_role_reads('public.generation_limits_in_use');

notify pgrst, 'reload schema';
