/**
 * The keys of the project, from the variables that Supabase injects.
 *
 * Hosted projects inject maps from a key's name to the key (`SUPABASE_SECRET_KEYS`,
 * `SUPABASE_PUBLISHABLE_KEYS`) and, while they still have them, the legacy JWT keys
 * (`SUPABASE_SERVICE_ROLE_KEY`, `SUPABASE_ANON_KEY`). Self-hosted ones inject single keys.
 * Source: https://supabase.com/docs/guides/functions/secrets
 */
import { isGuessable } from "./guessable.ts";
import {
  credential,
  type Environment,
  flag,
  isCredential,
  optional,
  VariableError,
} from "./variable.ts";
import { vertexSecretsIn } from "./vertex/settings.ts";

/** The keys that may start a run, and the one that calls the project's own services. */
export interface Credentials {
  /** Keys that may start a run. */
  secret: string[];
  /** Keys that every visitor of a web page can see: the anon and publishable ones. */
  public: string[];
  /** Whether a public key may start a run, too. */
  allowPublicTrigger: boolean;
  /** The key for PostgREST and Storage; undefined if the project has injected none. */
  service?: string;
}

/** A person chooses this one; what is shorter could be guessed. Characters. */
const SHORTEST_WORKER_SECRET = 16;

/**
 * Reads the keys. A key is usable for calling the project only if the project issued it, so
 * `WORKER_SECRET` starts runs and does nothing else.
 *
 * @throws {VariableError} when one of the variables does not parse.
 */
export function readCredentials(environment: Environment): Credentials {
  const named = keyMap(environment, "SUPABASE_SECRET_KEYS");
  const project = [
    ...(named.default ? [named.default] : []),
    ...Object.values(named),
    credential(environment, "SUPABASE_SECRET_KEY"),
    credential(environment, "SUPABASE_SERVICE_ROLE_KEY"),
  ].filter((key) => key !== undefined);
  const worker = credential(environment, "WORKER_SECRET", SHORTEST_WORKER_SECRET);
  if (worker !== undefined && isGuessable(worker)) {
    throw new VariableError("WORKER_SECRET", "a random key: this one is known or easy to guess");
  }
  const published = [
    ...Object.values(keyMap(environment, "SUPABASE_PUBLISHABLE_KEYS")),
    credential(environment, "SUPABASE_PUBLISHABLE_KEY"),
    credential(environment, "SUPABASE_ANON_KEY"),
  ].filter((key) => key !== undefined);

  return {
    secret: [...new Set(worker === undefined ? project : [...project, worker])],
    public: [...new Set(published)],
    allowPublicTrigger: flag(environment, "ALLOW_PUBLIC_TRIGGER", false),
    service: project[0],
  };
}

/** Every value that must not appear in a log; of a variable that does not parse, all of it. */
export function knownSecrets(environment: Environment): string[] {
  const text = optional(environment, "SUPABASE_SECRET_KEYS") ?? "{}";
  const map = parseJson(text);
  return [
    ...(typeof map === "object" && map !== null ? Object.values(map) : [text]),
    ...[
      "SUPABASE_SECRET_KEY",
      "SUPABASE_SERVICE_ROLE_KEY",
      "WORKER_SECRET",
      "GOOGLE_GENERATIVE_AI_API_KEY",
    ].map((name) => optional(environment, name)),
    ...vertexSecretsIn(environment),
  ].filter((value) => typeof value === "string");
}

/** A JSON object from names to keys; empty when not set. */
function keyMap(environment: Environment, name: string): Record<string, string> {
  const value = optional(environment, name);
  if (value === undefined) return {};
  const map = parseJson(value);
  const valid = typeof map === "object" && map !== null && !Array.isArray(map) &&
    Object.values(map).every(isCredential);
  if (!valid) throw new VariableError(name, "a JSON object from key names to keys");
  return map as Record<string, string>;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
