import type { Keys } from "../keys.ts";

/**
 * The variables that Supabase injects into every function. The legacy `SUPABASE_ANON_KEY` and
 * `SUPABASE_SERVICE_ROLE_KEY` are missing, as this stack issues no legacy keys.
 */
export function injectedEnvironment(
  url: string,
  keys: Pick<Keys, "secretKey" | "publishableKey">,
): Record<string, string> {
  return {
    SUPABASE_URL: url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
    SB_REGION: "local",
  };
}
