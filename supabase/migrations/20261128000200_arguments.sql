-- What the functions take. An error names the argument before a bad value could harm what is read later: a
-- cost that is no number would spoil every sum, and a text without end every answer that shows the job.

create or replace function generation_private.check_length(argument text, value text, longest integer)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(value) > longest then
    raise exception '%: expected at most % bytes, not %', argument, longest, octet_length(value)
      using errcode = '22023';
  end if;
end
$$;
comment on function generation_private.check_length(text, text, integer) is
  'Raises 22023 with the argument''s name if its value has more bytes than that; null is fine.';
