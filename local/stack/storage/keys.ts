import { invalidKey } from "./errors.ts";

/** The characters that the real server accepts in keys (supabase/storage, src/storage/limits.ts). */
const VALID = /^[A-Za-z0-9_/!.*'() &$=@;:+,?-]+$/;

/** Throws when `key` cannot be the name of an object. */
export function mustBeValidKey(key: string): void {
  const climbs = key.split("/").some((part) => part === "." || part === "..");
  if (!VALID.test(key) || climbs) throw invalidKey(key);
}
