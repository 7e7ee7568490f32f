/**
 * What Supabase's `auth` schema has for policies, for a database without it; and how PostgREST and
 * Realtime become a user.
 */

/** `auth.uid()` and `auth.jwt()`, which read the claims of a request. */
export const AUTH = `
create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;
create or replace function auth.jwt() returns jsonb language sql stable
  as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create or replace function auth.uid() returns uuid language sql stable
  as $$ select (auth.jwt() ->> 'sub')::uuid $$;
`;

/** Statements that run what follows them in a transaction as a signed-in user. */
export function become(claims: { sub: string } & Record<string, unknown>): string {
  const text = JSON.stringify({ role: "authenticated", ...claims }).replaceAll("'", "''");
  return `set local role authenticated; set local "request.jwt.claims" = '${text}';`;
}
