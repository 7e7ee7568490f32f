import { invalidBucket, invalidKey } from "./errors.ts";

/** The characters that the real server accepts in keys (supabase/storage, src/storage/limits.ts). */
const VALID = /^[A-Za-z0-9_/!.*'() &$=@;:+,?-]+$/;

/** Throws when `key` cannot be the name of an object. */
export function mustBeValidKey(key: string): void {
  const climbs = key.split("/").some((part) => part === "." || part === "..");
  if (!VALID.test(key) || climbs) throw invalidKey(key);
}

/**
 * Throws when `id` cannot be the name of a bucket: of the same characters, without a slash. A bucket is a
 * folder here, so its name begins with no dot.
 */
export function mustBeValidBucket(id: unknown): void {
  const valid = typeof id === "string" && id.length <= 100 && VALID.test(id) &&
    !id.includes("/") && !id.startsWith(".");
  if (!valid) throw invalidBucket();
}
