/**
 * How a key of the project is presented to its own services. The new keys (`sb_secret_…`) are no
 * JWTs and are refused as a bearer token; the legacy ones must be in both headers.
 * Source: https://supabase.com/docs/guides/api/api-keys
 */
export function projectHeaders(key: string): Record<string, string> {
  if (key.startsWith("sb_")) return { apikey: key };
  return { apikey: key, authorization: `Bearer ${key}` };
}
