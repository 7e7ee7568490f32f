/** The address and the key, as far as they can be judged without asking anybody. */
import {
  address,
  credential,
  optional,
  VariableError,
} from "../../supabase/functions/_shared/variable.ts";
import type { Surroundings } from "../surroundings.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

type Environment = Surroundings["environment"];

/** `value` is there when it can be worked with. */
export interface Reading {
  observation: Observation;
  value?: string;
}

/** The reference of a hosted project: what its addresses and legacy keys name it by. */
const REF = "[a-z0-9]{20}";
const API_HOST = new RegExp(`^(${REF})\\.supabase\\.(co|in|red)$`);

export function readUrl(environment: Environment): Reading {
  const value = optional(environment, "SUPABASE_URL");
  if (value === undefined) return { observation: urlFault("SUPABASE_URL is not set.") };
  let url: string | undefined;
  try {
    url = address(environment, "SUPABASE_URL");
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
  }
  if (url === undefined) {
    const isDatabase = /^postgres(ql)?:/i.test(value);
    return {
      observation: urlFault(
        isDatabase
          ? "SUPABASE_URL is the address of the database. The URL of the API belongs there."
          : "SUPABASE_URL is no http(s) URL without user, query and fragment.",
        refIn(value),
      ),
    };
  }

  const { hostname, pathname, protocol } = new URL(url);
  const ref = refIn(value);
  if (/^(www\.|app\.)?supabase\.(com|io)$/.test(hostname)) {
    return { observation: urlFault("SUPABASE_URL is a page of the dashboard.", ref) };
  }
  if (/\.supabase\.(co|com|in)$/.test(hostname) && !API_HOST.test(hostname)) {
    // db.REF.supabase.co, REF.functions.supabase.co, a pooler
    const isDatabase = /^db\.|\.pooler\./.test(hostname);
    if (isDatabase || ref) {
      const what = isDatabase ? "the host of the database" : "not the host of the whole API";
      return { observation: urlFault(`SUPABASE_URL names ${what}.`, ref) };
    }
  }
  const service = /\/(rest|storage|functions|auth)\/v1$/.exec(pathname)?.[0];
  if (service) {
    return {
      observation: failed(
        `SUPABASE_URL ends with ${service}. The part in front of that is wanted.`,
        `export SUPABASE_URL=${url.slice(0, -service.length)}`,
      ),
    };
  }
  if (protocol === "http:" && API_HOST.test(hostname)) {
    return {
      observation: failed(
        "SUPABASE_URL begins with http: the key would be sent for everybody to read.",
        `export SUPABASE_URL=${url.replace("http:", "https:")}`,
      ),
    };
  }
  return { observation: ok(`SUPABASE_URL is ${url}`), value: url };
}

function urlFault(message: string, ref = "PROJECT_REF"): Observation {
  return failed(message, `export SUPABASE_URL=https://${ref}.supabase.co`);
}

function refIn(text: string): string | undefined {
  return new RegExp(`(?:^|[^a-z0-9])(${REF})(?:[^a-z0-9]|$)`).exec(text)?.[1];
}

/** Judges the key that the tool works with; says what kind it is, and never what it is. */
export function readKey(environment: Environment, url: string | undefined, now: number): Reading {
  let name = "SUPABASE_SECRET_KEY";
  let key: string | undefined;
  try {
    key = credential(environment, name);
    if (key === undefined) {
      name = "SUPABASE_SERVICE_ROLE_KEY";
      key = credential(environment, name);
    }
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    return { observation: keyFault(`${error.message}.`, url) };
  }
  if (key === undefined) {
    const none = "SUPABASE_SECRET_KEY is not set, nor SUPABASE_SERVICE_ROLE_KEY.";
    return { observation: keyFault(none, url) };
  }

  if (key.startsWith("sb_secret_")) {
    return { observation: ok(`${name} is a secret key.`), value: key };
  }
  if (key.startsWith("sb_publishable_")) {
    return {
      observation: keyFault(`${name} is a publishable key, which may do none of this.`, url),
    };
  }
  if (key.startsWith("sbp_")) {
    const token = `${name} is an access token of the Supabase CLI, no key of a project.`;
    return { observation: keyFault(token, url) };
  }
  const claims = claimsOf(key);
  if (!claims) {
    const odd = `${name} has the form of no key that Supabase gives out.`;
    return { observation: warning(odd, newKey(url)), value: key };
  }
  return readLegacyKey({ name, key, claims, url, now });
}

interface Claims {
  role?: unknown;
  ref?: unknown;
  exp?: unknown;
}

function readLegacyKey(
  { name, key, claims: { role, ref, exp }, url, now }: {
    name: string;
    key: string;
    claims: Claims;
    url: string | undefined;
    now: number;
  },
): Reading {
  const hosted = url === undefined ? undefined : API_HOST.exec(new URL(url).hostname)?.[1];
  if (role === "anon") {
    return { observation: keyFault(`${name} is the anon key, which may do none of this.`, url) };
  }
  if (role !== "service_role") {
    return {
      observation: keyFault(`${name} is a token of another role than service_role.`, url),
    };
  }
  if (hosted !== undefined && typeof ref === "string" && ref !== hosted) {
    const other = `${name} is of another project than the one of SUPABASE_URL.`;
    return { observation: keyFault(other, url) };
  }
  if (typeof exp === "number" && exp * 1000 < now) {
    return { observation: keyFault(`${name} has expired.`, url) };
  }
  return { observation: ok(`${name} is a legacy service_role key.`), value: key };
}

function keyFault(message: string, url: string | undefined): Observation {
  return failed(`${message} A secret key is wanted.`, newKey(url));
}

/** Where a key is found. */
export function newKey(url: string | undefined): string {
  const ref = url === undefined ? undefined : API_HOST.exec(new URL(url).hostname)?.[1];
  return `export SUPABASE_SECRET_KEY=YOUR_SECRET_KEY  # ` +
    `from https://supabase.com/dashboard/project/${ref ?? "_"}/settings/api-keys`;
}

/** The public keys that are known here, which are to be refused. */
export function publicKeys(environment: Environment): string[] {
  const names = ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"];
  return names.flatMap((name) => {
    try {
      return credential(environment, name) ?? [];
    } catch {
      return [];
    }
  });
}

function claimsOf(key: string): Claims | undefined {
  const [, payload, signature] = key.split(".");
  if (signature === undefined) return undefined;
  try {
    const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
