import type { Keys } from "./keys.ts";
import type { Role } from "./storage/records.ts";

/** The role that a request's key stands for; null without a key or with an unknown one. */
export function roleOf(headers: Headers, keys: Keys): Role | null {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const presented = [headers.get("apikey"), bearer];
  if (presented.includes(keys.secretKey)) return "service_role";
  if (presented.includes(keys.publishableKey)) return "anon";
  return null;
}
