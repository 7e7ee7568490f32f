/** The address and the key of the project, checked without asking it. */
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

/** A variable: its value, if it can be used, and the result of its check. */
export interface Reading {
  value?: string;
  status: "ok" | "warning" | "failed";
  message: string;
  /** A command that sets it. */
  remedy?: string;
}

const LOCALLY =
  "Of the local stack, it is in .env.local, which deno task start writes (with --data DIR: DIR/.env.local):\n" +
  "  deno run --env-file=.env.local --allow-net --allow-env queue-trigger.ts COMMAND …";

/** @throws {UsageError} that names the variable and says where its value is found. */
export function readProject(environment: Environment): Project {
  const url = readUrl(environment);
  const key = readKey(environment, url.value, Date.now());
  for (const { value, message, remedy } of [url, key]) {
    if (value !== undefined) continue;
    const locally = message.includes("is not set") ? `\n${LOCALLY}` : "";
    throw new UsageError(`${message}\n  ${remedy}${locally}`);
  }
  return { url: url.value!, key: key.value! };
}

/** The reference of a hosted project, which its addresses and legacy keys contain. */
const REF = "[a-z0-9]{20}";
const API_HOST = new RegExp(`^(${REF})\\.supabase\\.(co|in|red)$`);

export function readUrl(environment: Environment): Reading {
  const name = "SUPABASE_URL";
  const raw = optional(environment, name);
  const ref = new RegExp(`(?:^|[^a-z0-9])(${REF})(?:[^a-z0-9]|$)`).exec(raw ?? "")?.[1];
  const { value: url, fault } = read(environment, name, address);
  const wrong = (
    message: string,
    wanted = `https://${ref ?? "PROJECT_REF"}.supabase.co`,
  ): Reading => (
    { status: "failed", message: `${name} ${message}`, remedy: `export ${name}=${wanted}` }
  );
  if (/^postgres(ql)?:/i.test(raw ?? "")) {
    return wrong("is the address of the database. The URL of the API belongs there.");
  }
  if (fault) return { ...wrong(fault.message), ...(fault.remedy && { remedy: fault.remedy }) };
  if (url === undefined) {
    return wrong("is not set. It is the API URL in the project's settings (Data API).");
  }

  const { hostname, pathname, protocol } = new URL(url);
  if (/project[-_]ref/.test(hostname)) {
    return wrong("has a placeholder: put the reference of your project there instead.");
  }
  if (/^(www\.|app\.)?supabase\.(com|io)$/.test(hostname)) {
    return wrong("is a page of the dashboard.");
  }
  if (/\.supabase\.(co|com|in)$/.test(hostname) && !API_HOST.test(hostname)) {
    // db.REF.supabase.co, REF.functions.supabase.co, a pooler
    if (/^db\.|\.pooler\./.test(hostname)) return wrong("names the host of the database.");
    if (ref) return wrong("names the host of one service, not of the whole API.");
  }
  const service = /\/(rest|storage|functions|auth)\/v1$/.exec(pathname)?.[0];
  if (service) {
    const wanted = url.slice(0, -service.length);
    return wrong(`ends with ${service}. Only the part before that is expected.`, wanted);
  }
  if (protocol === "http:" && API_HOST.test(hostname)) {
    const wanted = url.replace("http:", "https:");
    return wrong("begins with http: the key would be sent unencrypted.", wanted);
  }
  return { status: "ok", message: `${name} is ${url}`, value: url };
}

const EXPECTED_KEY = "Expected a secret key (sb_secret_…), or the legacy service_role key.";
/** What people set who have found another key. */
export const PUBLIC_KEYS = ["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"];

/** Checks the key. Messages name its kind, never its value. */
export function readKey(environment: Environment, url: string | undefined, now: number): Reading {
  const names = ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"];
  const readings = names.map((name) => ({ name, ...read(environment, name, credential) }));
  const found = readings.find(({ value, fault }) => value ?? fault);
  const wrong = (message: string): Reading => (
    { status: "failed", message: `${message} ${EXPECTED_KEY}`, remedy: newKey(url) }
  );
  if (!found) {
    const publicKey = PUBLIC_KEYS.find((name) => optional(environment, name));
    const other = publicKey ? ` (${publicKey} is set, and is a key for browsers)` : "";
    return wrong(`${names[0]} is not set, nor ${names[1]}${other}.`);
  }
  const { name, value: key, fault } = found;
  if (key === undefined) {
    const message = `${name} ${fault!.message}`;
    return fault!.remedy ? { status: "failed", message, remedy: fault!.remedy } : wrong(message);
  }

  if (key.startsWith("sb_secret_")) {
    return { status: "ok", message: `${name} is a secret key.`, value: key };
  }
  if (key.startsWith("sb_publishable_")) {
    return wrong(`${name} is a publishable key: any browser may have it, so it may not do this.`);
  }
  if (key.startsWith("sbp_")) {
    return wrong(`${name} is an access token of the Supabase CLI, not a key of a project.`);
  }
  const claims = claimsOf(key);
  if (!claims) {
    const message = `${name} does not look like a key that Supabase issues.`;
    return { status: "warning", message, remedy: newKey(url), value: key };
  }
  const legacy = legacyFault(claims, url, now);
  if (legacy) return wrong(`${name} ${legacy}`);
  return { status: "ok", message: `${name} is a legacy service_role key.`, value: key };
}

/** The value of a variable, or what is wrong with it; neither if it is not set. */
function read(
  environment: Environment,
  name: string,
  reader: typeof address | typeof credential,
): { value?: string; fault?: { message: string; remedy?: string } } {
  if (environment(name)?.endsWith("\r")) {
    const message = "ends with a carriage return: its file has Windows line endings (CRLF). Save " +
      "that file with LF.";
    return { fault: { message, remedy: "sed -i 's/\\r$//' .env" } };
  }
  if (environment(`\uFEFF${name}`) !== undefined) {
    const message = "follows a byte order mark (BOM) in its file. Save that file without one.";
    return { fault: { message, remedy: "sed -i '1s/^\\xEF\\xBB\\xBF//' .env" } };
  }
  try {
    return { value: reader(environment, name) };
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    return { fault: { message: `must be ${error.expected}.` } };
  }
}

interface Claims {
  role?: unknown;
  ref?: unknown;
  exp?: unknown;
}

function legacyFault({ role, ref, exp }: Claims, url: string | undefined, now: number) {
  const hosted = refOf(url);
  if (role === "anon") return "is the anon key: any browser may have it, so it may not do this.";
  if (role !== "service_role") return "is a token of a role other than service_role.";
  if (hosted !== undefined && typeof ref === "string" && ref !== hosted) {
    return "belongs to another project than SUPABASE_URL.";
  }
  if (typeof exp === "number" && exp * 1000 < now) return "has expired.";
}

/** Stands for a key in `.env.example` and in remedies, so it is no secret. */
export const PLACEHOLDER_KEY = "YOUR_SECRET_KEY";

/** The command that sets a key, with where to find one. */
export function newKey(url: string | undefined): string {
  const place = url !== undefined && isLocal(url)
    ? "of the local stack: the one in .env.local"
    : `from https://supabase.com/dashboard/project/${refOf(url) ?? "_"}/settings/api-keys`;
  return `export SUPABASE_SECRET_KEY=${PLACEHOLDER_KEY}  # ${place}`;
}

/** Whether an address is of this machine. */
export function isLocal(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
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
