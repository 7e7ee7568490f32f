/** Flags of a command line: the value of each, its help, and how it is read. */
import { UPLOAD } from "../console/model/remedy.js";
import { UsageError } from "./failure.ts";

export interface Flag<T> {
  /** Stands for the value in the help; a flag without one takes no value. */
  value?: string;
  short?: string;
  help: string;
  /**
   * Reads the texts that the flag was given, in their order; none if the flag is absent.
   *
   * @throws {UsageError} that says what was expected; the caller adds the name of the flag.
   */
  read(given: string[]): T;
}

export type Flags = Record<string, Flag<unknown>>;

/** The values of flags. */
export type Values<F extends Flags> = { [N in keyof F]: F[N] extends Flag<infer T> ? T : never };

/** A flag without a value. */
export function yesOrNo(help: string): Flag<boolean> {
  return { help, read: (given) => given.length > 0 };
}

/**
 * A flag with any text; if it is repeated, the last one counts. An empty one is most likely a variable that
 * is not set, so it never stands for an absent flag.
 */
export function text(value: string, help: string): Flag<string | undefined> {
  const read = (given: string[]) => {
    if (given.at(-1) === "") throw new UsageError(`expected ${value}, and got nothing.`);
    return given.at(-1);
  };
  return { value, help, read };
}

/** The address of a picture, as an example. */
const PICTURE = "https://example.com/hero.png";

/** A flag with an address of the web, like the example. */
export function url(help: string, example = PICTURE): Flag<string | undefined> {
  const flag = text("URL", help);
  return { ...flag, read: (given) => checkedUrl(flag.read(given), example) };
}

/** A flag with the address of a picture, which may be repeated. */
export function urls(help: string): Flag<string[] | undefined> {
  const flag = texts("URL", help);
  return { ...flag, read: (given) => flag.read(given)?.map((text) => checkedUrl(text, PICTURE)!) };
}

/** What has a scheme is for the core's validation to judge. */
function checkedUrl(text: string | undefined, example: string): string | undefined {
  if (text === undefined || text.includes("://")) return text;
  const expected = `expected an address like ${example}`;
  if (text === "URL") throw new UsageError(`${expected}: URL stands for it in the examples.`);
  const isFile = example === PICTURE && /\.(png|jpe?g|webp|hei[cf])$/i.test(text);
  const upload = ` A file on this machine has to be in Storage first: ${UPLOAD}.`;
  throw new UsageError(`${expected}.${isFile ? upload : ""}`);
}

/** A flag that may be repeated. */
export function texts(value: string, help: string): Flag<string[] | undefined> {
  return { value, help, read: (given) => given.length > 0 ? given : undefined };
}

/** A flag whose text `parse` reads; it answers undefined for a wrong one. */
export function parsed<T>(
  value: string,
  help: string,
  expected: string,
  parse: (text: string) => T | undefined,
): Flag<T | undefined> {
  const read = (given: string[]) => {
    const text = given.at(-1);
    if (text === undefined) return undefined;
    const result = parse(text);
    if (result === undefined) throw new UsageError(`expected ${expected}.`);
    return result;
  };
  return { value, help, read };
}

/** A flag with one of a few words. */
export function oneOf<W extends string>(
  value: string,
  words: readonly W[],
  help: string,
): Flag<W | undefined> {
  const expected = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return parsed(value, help || expected, expected, (text) => words.find((word) => word === text));
}

/** A flag with a number from `least` to `most`; fractions are allowed unless `whole`. */
export function number(
  { least, most, whole = true }: { least: number; most: number; whole?: boolean },
  help: string,
): Flag<number | undefined> {
  const form = whole ? /^\d{1,15}$/ : /^\d{1,15}(\.\d{1,9})?$/;
  const expected = `a ${whole ? "whole " : ""}number from ${least} to ${most}`;
  return parsed("N", help, expected, (text) => {
    const value = form.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  });
}

/** The flag with a default. */
export function otherwise<T>(flag: Flag<T | undefined>, fallback: T): Flag<T> {
  const help = `${flag.help} (default: ${fallback})`;
  return { ...flag, help, read: (given) => flag.read(given) ?? fallback };
}

/** The flag, which must not be missing. */
export function required<T>(flag: Flag<T | undefined>): Flag<T> {
  const read = (given: string[]) => {
    const value = flag.read(given);
    if (value === undefined) throw new UsageError(`expected ${flag.value}: ${flag.help}.`);
    return value;
  };
  return { ...flag, read };
}
