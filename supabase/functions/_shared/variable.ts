/**
 * Reading single environment variables.
 *
 * A blank value counts as not set, because `.env` files and dashboards often have blank values. Every
 * reader answers a value or throws `VariableError`, which names the variable and never repeats its
 * value: it may be a secret that was pasted into the wrong place.
 */
import { isPlaceholder } from "./placeholder.ts";

/** Looks a variable up by its name. */
export type Environment = (name: string) => string | undefined;

/** A variable that is missing (`missing`) or does not parse. */
export class VariableError extends Error {
  constructor(
    readonly variable: string,
    readonly expected: string,
    readonly missing = false,
  ) {
    super(
      missing ? `${variable} is not set: expected ${expected}` : `${variable} must be ${expected}`,
    );
    this.name = "VariableError";
  }
}

/** The trimmed value, or undefined when the variable is not set or blank. */
export function optional(environment: Environment, name: string): string | undefined {
  const value = environment(name)?.trim();
  return value ? value : undefined;
}

/** The trimmed value; `expected` is part of the error. */
export function required(environment: Environment, name: string, expected: string): string {
  const value = optional(environment, name);
  if (value === undefined) throw new VariableError(name, expected, true);
  return value;
}

/** A whole number from `least` to `most`. */
export function integer(
  environment: Environment,
  name: string,
  { fallback, least, most }: { fallback: number; least: number; most: number },
): number {
  const value = optional(environment, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (!(number >= least && number <= most)) {
    throw new VariableError(name, `a whole number from ${least} to ${most}`);
  }
  return number;
}

/** Seconds, more than 0 and at most `most`; a fraction is allowed. */
export function seconds(
  environment: Environment,
  name: string,
  { fallback, most }: { fallback: number; most: number },
): number {
  const value = optional(environment, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,9}(\.\d{1,9})?$/.test(value) ? Number(value) : NaN;
  if (!(number > 0 && number <= most)) {
    throw new VariableError(name, `a number of seconds above 0 and at most ${most}`);
  }
  return number;
}

/** `true` or `false`, in any case. */
export function flag(environment: Environment, name: string, fallback: boolean): boolean {
  const value = optional(environment, name)?.toLowerCase();
  if (value === undefined) return fallback;
  if (value !== "true" && value !== "false") throw new VariableError(name, "true or false");
  return value === "true";
}

/** A comma-separated list whose entries all match `entry`; undefined when not set. */
export function list(
  environment: Environment,
  name: string,
  { entry, expected }: { entry: RegExp; expected: string },
): string[] | undefined {
  const value = optional(environment, name);
  if (value === undefined) return undefined;
  const entries = value.split(",").map((part) => part.trim());
  // A trailing comma is harmless, an empty list is a mistake.
  if (entries.length > 1 && entries.at(-1) === "") entries.pop();
  if (!entries.every((part) => entry.test(part))) throw new VariableError(name, expected);
  return [...new Set(entries)];
}

/** An http(s) address without credentials, query or fragment; answered without trailing slash. */
export function address(environment: Environment, name: string): string | undefined {
  const value = optional(environment, name);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const plain = url && /^https?:$/.test(url.protocol) &&
    !url.username && !url.password && !/[?#]/.test(value);
  if (!plain) throw new VariableError(name, "an http(s) URL without user, query or fragment");
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

/**
 * A value that is sent as a credential in an HTTP header: printable ASCII without whitespace.
 * Other values cannot be sent, or could be misread. `least` is the number of its characters.
 */
export function credential(
  environment: Environment,
  name: string,
  least = 1,
): string | undefined {
  const value = optional(environment, name);
  if (value !== undefined && !(isCredential(value) && value.length >= least)) {
    const length = least > 1 ? `at least ${least} ` : "";
    const expected = `a key: ${length}printable ASCII characters without whitespace`;
    throw new VariableError(name, `${expected}, and no placeholder of an example`);
  }
  return value;
}

/**
 * Whether a value can be sent in a header as a credential. A placeholder, or what scripts write for a
 * missing key (`undefined`), is no key: it could be guessed.
 */
export function isCredential(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && !isPlaceholder(value);
}
