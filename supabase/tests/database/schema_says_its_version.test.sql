-- A tool asks which schema it has before it.
begin;
select plan(1);
select is(public.generation_schema_version(), 1, 'the schema of this version');
select * from finish();
rollback;
