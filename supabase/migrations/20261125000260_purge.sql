-- A purge empties the whole table, also of messages that its transaction cannot see yet: above read
-- committed their jobs would stay in the ledger for ever, queued and without a message.

create or replace function generation_private.queue_truncated()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'a queue is purged in a transaction that is read committed, not %',
      current_setting('transaction_isolation')
      using errcode = '55000', hint = 'begin isolation level read committed;';
  end if;
  update public.generation_jobs
  set status = 'cancelled',
      error_code = 'message_removed',
      error_message = 'The queue was purged.',
      finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
  where queue = tg_argv[0]
    and status in ('queued', 'running', 'waiting');
  return null;
end
$$;
comment on function generation_private.queue_truncated() is
  'Trigger: the queue was purged; its live jobs are cancelled.';
revoke all on function generation_private.queue_truncated() from public;
