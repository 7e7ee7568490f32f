/** The address and the key of the project, as far as they can be judged without asking it. */
import {
  address,
  credential,
  type Environment,
  optional,
  VariableError,
} from "../supabase/functions/_shared/variable.ts";
import { UsageError } from "./failure.ts";

export interface Project {
  /** Of the API, without trailing slash. */
  url: string;
  key: string;
}

/** A variable as it was read: its value, where it can be worked with, and what there is to say of it. */
export interface Reading {
  value?: string;
  /** Whether it is right, doubtful or wrong. */
  status: "ok" | "warning" | "failed";
  message: string;
  /** A command that sets it. */
  remedy?: string;
}

const LOCALLY = "Of the local stack: `deno task start` writes it into .env.local; pass that with " +
  "`deno run --env-file=.env.local …`.";

/** @throws {UsageError} that names the variable and says where its value is found. */
export function readProject(environment: Environment): Project {
  const url = readUrl(environment);
  const key = readKey(environment, url.value, Date.now());
  for (const { value, message, remedy } of [url, key]) {
    if (value === undefined) throw new UsageError(`${message}\n  ${remedy}\n${LOCALLY}`);
  }
  return { url: url.value!, key: key.value! };
}

/** The reference of a hosted project: what its addresses and legacy keys name it by. */
const REF = "[a-z0-9]{20}";
const API_HOST = new RegExp(`^(${REF})\\.supabase\\.(co|in|red)$`);

export function readUrl(environment: Environment): Reading {
  const name = "SUPABASE_URL";
  const value = optional(environment, name);
  const fault = fileFault(environment, name);
  if (fault) return wrongUrl(fault);
  if (value === undefined) {
    return wrongUrl(`${name} is not set. It is the API URL in the project's settings (Data API).`);
  }
  const ref = new RegExp(`(?:^|[^a-z0-9])(${REF})(?:[^a-z0-9]|$)`).exec(value)?.[1];
  let url: string;
  try {
    url = address(environment, name)!;
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    if (!/^postgres(ql)?:/i.test(value)) return wrongUrl(`${error.message}.`, ref);
    return wrongUrl(
      `${name} is the address of the database. The URL of the API belongs there.`,
      ref,
    );
  }

  const { hostname, pathname, protocol } = new URL(url);
  if (/^(www\.|app\.)?supabase\.(com|io)$/.test(hostname)) {
    return wrongUrl(`${name} is a page of the dashboard.`, ref);
  }
  if (/\.supabase\.(co|com|in)$/.test(hostname) && !API_HOST.test(hostname)) {
    // db.REF.supabase.co, REF.functions.supabase.co, a pooler
    const isDatabase = /^db\.|\.pooler\./.test(hostname);
    if (isDatabase) return wrongUrl(`${name} names the host of the database.`, ref);
    if (ref) return wrongUrl(`${name} names not the host of the whole API.`, ref);
  }
  const service = /\/(rest|storage|functions|auth)\/v1$/.exec(pathname)?.[0];
  if (service) {
    const message = `${name} ends with ${service}. Only the part before that is expected.`;
    return { status: "failed", message, remedy: `export ${name}=${url.slice(0, -service.length)}` };
  }
  if (protocol === "http:" && API_HOST.test(hostname)) {
    const message = `${name} begins with http: the key would be sent unencrypted.`;
    return {
      status: "failed",
      message,
      remedy: `export ${name}=${url.replace("http:", "https:")}`,
    };
  }
  return { status: "ok", message: `${name} is ${url}`, value: url };
}

function wrongUrl(message: string, ref = "PROJECT_REF"): Reading {
  return { status: "failed", message, remedy: `export SUPABASE_URL=https://${ref}.supabase.co` };
}

/** What a file with the variable has that a shell, or Deno, does not take away. */
function fileFault(environment: Environment, name: string): string | undefined {
  if (environment(name)?.endsWith("\r")) {
    return `${name} ends with a carriage return: the file that it comes from has Windows line ` +
      "endings (CRLF). Save that file with LF.";
  }
  if (environment(`\uFEFF${name}`) !== undefined) {
    return `The file with ${name} begins with a byte order mark (BOM). Save that file without one.`;
  }
}

/** Judges the key that the tool works with; says what kind it is, and never what it is. */
export function readKey(environment: Environment, url: string | undefined, now: number): Reading {
  const wrong = (message: string): Reading => ({
    status: "failed",
    message: `${message} A secret key is expected.`,
    remedy: newKey(url),
  });
  const isSet = (name: string) =>
    optional(environment, name) !== undefined || fileFault(environment, name) !== undefined;
  const name = ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"].find(isSet);
  if (!name) return wrong("SUPABASE_SECRET_KEY is not set, nor SUPABASE_SERVICE_ROLE_KEY.");
  const fault = fileFault(environment, name);
  if (fault) return wrong(fault);
  let key: string;
  try {
    key = credential(environment, name)!;
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    return wrong(`${error.message}.`);
  }

  if (key.startsWith("sb_secret_")) {
    return { status: "ok", message: `${name} is a secret key.`, value: key };
  }
  if (key.startsWith("sb_publishable_")) {
    return wrong(`${name} is a publishable key, which may do none of this.`);
  }
  if (key.startsWith("sbp_")) {
    return wrong(`${name} is an access token of the Supabase CLI, not a key of a project.`);
  }
  const claims = claimsOf(key);
  if (!claims) {
    const message = `${name} has the form of no key that Supabase issues.`;
    return { status: "warning", message, remedy: newKey(url), value: key };
  }
  const legacy = legacyFault(claims, url, now);
  if (legacy) return wrong(`${name} ${legacy}`);
  return { status: "ok", message: `${name} is a legacy service_role key.`, value: key };
}

interface Claims {
  role?: unknown;
  ref?: unknown;
  exp?: unknown;
}

function legacyFault({ role, ref, exp }: Claims, url: string | undefined, now: number) {
  const hosted = refOf(url);
  if (role === "anon") return "is the anon key, which may do none of this.";
  if (role !== "service_role") return "is a token of another role than service_role.";
  if (hosted !== undefined && typeof ref === "string" && ref !== hosted) {
    return "is of another project than the one of SUPABASE_URL.";
  }
  if (typeof exp === "number" && exp * 1000 < now) return "has expired.";
}

/** Where a key is found. */
export function newKey(url: string | undefined): string {
  return `export SUPABASE_SECRET_KEY=YOUR_SECRET_KEY  # ` +
    `from https://supabase.com/dashboard/project/${refOf(url) ?? "_"}/settings/api-keys`;
}

function refOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : API_HOST.exec(new URL(url).hostname)?.[1];
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
