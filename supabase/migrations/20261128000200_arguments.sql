-- What the functions accept. An error names the argument before a bad value can harm what is read later: a
-- cost that is not a number would spoil every sum, and an endless text every answer that shows the job.

-- An empty text is nothing, too.
create or replace function generation_private.check_given(argument text, value text, expected text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(value, '') = '' then
    raise exception '%: expected %, got %', argument, expected, case when value = '' then 'nothing' else 'null' end
      using errcode = '22023';
  end if;
end
$$;

-- NaN is greater than every number, so it is refused as well; so is null.
create or replace function generation_private.check_between(
  argument text,
  value double precision,
  lowest double precision,
  highest double precision,
  unit text default ''
)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if value is null or value not between lowest and highest then
    raise exception '%: expected % to %, got %',
      argument, lowest, rtrim(highest || ' ' || unit), coalesce(value::text, 'null')
      using errcode = '22023';
  end if;
end
$$;

-- Null passes.
create or replace function generation_private.check_length(argument text, value text, longest integer)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(value) > longest then
    raise exception '%: expected at most % bytes, not %', argument, longest, octet_length(value)
      using errcode = '22023';
  end if;
end
$$;

create or replace function generation_private.check_cost(name text, usd numeric)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- NaN is greater than every number.
  if not (usd >= 0 and round(usd, 6) < 1000000) then
    raise exception '%: expected 0 to 999999 US dollars or null, got %', name, usd using errcode = '22023';
  end if;
end
$$;
