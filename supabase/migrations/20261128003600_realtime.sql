-- Web apps see how their jobs go on: Supabase Realtime sends every change of the ledger to the users that may read the
-- row. None may, until a project adds a policy and grants columns (docs/database.md).

do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables)
    and not exists (
      select
      from pg_publication_rel as member
      join pg_publication as publication on publication.oid = member.prpubid
      where publication.pubname = 'supabase_realtime'
        and member.prrelid = 'public.generation_jobs'::regclass
    )
  then
    alter publication supabase_realtime add table public.generation_jobs;
  end if;
exception
  when insufficient_privilege then
    raise notice 'the publication supabase_realtime has another owner, who has to run: alter publication supabase_realtime add table public.generation_jobs';
end
$$;
