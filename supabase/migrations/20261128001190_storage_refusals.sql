-- Storage that refuses what a project stores: its key, its bill or its rights, which a person has to put in order.
--
-- What is generated meanwhile is paid for and lost, and every run would take the next jobs to find that out. So after a
-- refusal a queue hands out one job in ten minutes, until one has succeeded.

create table if not exists generation_private.storage_refusals (
  queue text primary key,
  tried_at timestamptz not null
);
comment on table generation_private.storage_refusals is
  'The queues whose assets Storage refuses, and when a job was handed out last, or refused, in spite of it.';

-- A worker defers a job for an hour only for such a refusal.
create or replace function generation_private.note_storage_refusal(queue_name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into generation_private.storage_refusals (queue, tried_at)
  values (queue_name, clock_timestamp())
  on conflict (queue) do update set tried_at = excluded.tried_at;
end
$$;

-- Of so many jobs, those that may be handed out.
create or replace function generation_private.within_storage(queue_name text, quantity integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if quantity = 0 or not exists (select from generation_private.storage_refusals as r where r.queue = queue_name) then
    return quantity;
  end if;
  update generation_private.storage_refusals as r
  set tried_at = clock_timestamp()
  where r.queue = queue_name and r.tried_at < clock_timestamp() - interval '10 minutes';
  return case when found then 1 else 0 end;
end
$$;
