-- What the functions accept. An error names the argument before a bad value can harm what is read later: a
-- cost that is not a number would spoil every sum, and an endless text every answer that shows the job.
--
-- A check is an expression: PostgreSQL writes it into the statement of its caller, and calls a function, which takes
-- longer than all the rest, only to refuse. It is true, so that what runs with each job makes it the value of a variable:
-- that needs no statement at all.

create or replace function generation_private.refuse(argument text, expected text, got text)
returns boolean
language plpgsql immutable
as $$
begin
  raise exception '%: expected %, got %', argument, expected, got using errcode = '22023';
end
$$;

create or replace function generation_private.refuse_number(
  argument text,
  value double precision,
  lowest double precision,
  highest double precision,
  unit text
)
returns boolean
language plpgsql immutable
as $$
begin
  raise exception '%: expected % to %, got %',
    argument, lowest, rtrim(highest || ' ' || unit), coalesce(value::text, 'null')
    using errcode = '22023';
end
$$;

create or replace function generation_private.refuse_length(argument text, longest integer, got integer)
returns boolean
language plpgsql immutable
as $$
begin
  raise exception '%: expected at most % bytes, not %', argument, longest, got using errcode = '22023';
end
$$;

-- An empty text is nothing, too.
create or replace function generation_private.check_given(argument text, value text, expected text)
returns boolean
language sql immutable
return case
  when coalesce(value, '') = ''
    then generation_private.refuse(argument, expected, case when value = '' then 'nothing' else 'null' end)
  else true
end;

-- NaN is greater than every number, so it is refused as well; so is null.
create or replace function generation_private.check_between(
  argument text,
  value double precision,
  lowest double precision,
  highest double precision,
  unit text default ''
)
returns boolean
language sql immutable
return case
  when value is null or value not between lowest and highest
    then generation_private.refuse_number(argument, value, lowest, highest, unit)
  else true
end;

-- Null passes.
create or replace function generation_private.check_length(argument text, value text, longest integer)
returns boolean
language sql immutable
return case
  when octet_length(value) > longest
    then generation_private.refuse_length(argument, longest, octet_length(value))
  else true
end;

-- NaN is greater than every number.
create or replace function generation_private.check_cost(name text, usd numeric)
returns boolean
language sql immutable
return case
  when not (usd >= 0 and round(usd, 6) < 1000000)
    then generation_private.refuse(name, '0 to 999999 US dollars or null', usd::text)
  else true
end;
