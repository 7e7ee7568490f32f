/** Storage is reached in the caller's role; which rows it sees is decided by row level security. */
export const STORAGE_GRANTS = `
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant usage on schema storage to anon, authenticated, service_role;
grant all on all tables in schema storage to anon, authenticated, service_role;
grant execute on all functions in schema storage to anon, authenticated, service_role;
`;
