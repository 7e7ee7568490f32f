-- However a job ends, its row is updated: so that is where its sender is told. The row is written, and
-- handed to pg_net, in the transaction that ends the job: what is rolled back is told to nobody.

create or replace function generation_private.job_ended()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '50ms' -- somebody may be altering a table
as $$
declare
  webhook public.generation_webhooks;
begin
  webhook := generation_private.write_webhook(new);
  if webhook.id is not null
    and not exists (select from generation_private.webhook_requirements())
  then
    perform generation_private.send_webhook(webhook);
  end if;
  return null;
exception when others then
  return null; -- no affair of the job's: deliver_generation_webhooks finds what was not written down
end
$$;
comment on function generation_private.job_ended() is
  'Trigger: a job has ended whose message names a webhookUrl. Never raises, never waits.';

create or replace trigger generation_job_ended
  after update of status on public.generation_jobs
  for each row
  when (
    new.finished_at is not null
    and new.finished_at is distinct from old.finished_at
    and jsonb_typeof(new.message -> 'webhookUrl') = 'string'
  )
  execute function generation_private.job_ended();

revoke all on all functions in schema generation_private from public;
