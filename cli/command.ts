/** Command lines by a table: the definition of a command gives its parsing, its errors and its help. */
import { meant } from "../console/model/near.js";
import { parseArgs } from "node:util";
import { EXIT, UsageError } from "./failure.ts";
import type { Flags, Values } from "./flag.ts";

/** What follows the name of a command and is no flag. */
export interface Arguments<A> {
  /** As the help shows it. */
  usage: string;
  /** @throws {UsageError} that says what was expected. */
  read(words: string[]): A;
}

export interface Definition<A, F extends Flags, C> {
  name: string;
  summary: string;
  args: Arguments<A>;
  flags: F;
  /** Paragraphs below the flags. */
  notes?: string;
  /** Whether Deno needs its permission to read files. */
  readsFiles?: boolean;
  /** Command lines, without the call of the tool in front. */
  examples?: string[];
  /** @throws {UsageError} for a combination that makes no sense. */
  check?(args: A, flags: Values<F>): void;
  /** Answers the exit code. */
  run(args: A, flags: Values<F>, context: C): Promise<number>;
}

/** A command, whatever its arguments and flags are. */
export interface Command<C> extends Omit<Definition<unknown, Flags, C>, "run" | "check"> {
  /** @throws {UsageError} when the line is wrong; only the action that it answers does anything. */
  prepare(words: string[], given: Map<string, string[]>): Action<C>;
}

/** The work that a command line asks for; answers the exit code. */
export type Action<C> = (context: C) => Promise<number>;

export function command<A, F extends Flags, C>(definition: Definition<A, F, C>): Command<C> {
  const { name, args, flags, check, run } = definition;
  const read = (flag: string, given: string[]) => {
    try {
      return flags[flag].read(given);
    } catch (error) {
      throw inFront(`--${flag}`, error);
    }
  };
  const prepare = (words: string[], given: Map<string, string[]>): Action<C> => {
    try {
      const values = Object.fromEntries(
        Object.keys(flags).map((flag) => [flag, read(flag, given.get(flag) ?? [])]),
      ) as Values<F>;
      const what = args.read(words);
      check?.(what, values);
      return (context) => run(what, values, context);
    } catch (error) {
      throw inFront(name, error);
    }
  };
  return { ...definition, prepare };
}

/** The error, with its subject before its message. */
function inFront(subject: string, error: unknown): unknown {
  if (error instanceof UsageError && subject !== "") error.message = `${subject}: ${error.message}`;
  return error;
}

/** A command that takes no arguments. */
export const nothing: Arguments<void> = {
  usage: "",
  read: (words) => {
    if (words.length > 0) {
      throw new UsageError(`expected no arguments, and got ${words.join(" ")}.`);
    }
  },
};

/** A command that takes one argument. */
export function one(usage: string, what: string): Arguments<string> {
  const read = (words: string[]) => {
    if (words.length === 1) return words[0];
    throw new UsageError(
      words.length === 0
        ? `expected ${what}: ${usage}.`
        : `expected one argument, ${what}, and got ${words.length}: ${words.join(" | ")}`,
    );
  };
  return { usage, read };
}

/** A command line, split into words and flags. */
export interface Line {
  words: string[];
  given: Map<string, string[]>;
  help: boolean;
}

/**
 * Splits a command line by the flags that may stand in it.
 *
 * @throws {UsageError} that names the flag; `unknownFlag` gives the message for one that is not known.
 */
export function split(
  args: string[],
  flags: Flags,
  unknownFlag: (flag: string, words: string[]) => string,
): Line {
  const options = Object.entries(flags).map(([name, { value, short }]) => {
    const type: "string" | "boolean" = value ? "string" : "boolean";
    return [name, { type, multiple: true, ...(short && { short }) }];
  });
  const { tokens } = parseArgs({
    args,
    options: { ...Object.fromEntries(options), help: { type: "boolean", short: "h" } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const line: Line = { words: [], given: new Map(), help: false };
  const unknown: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") line.words.push(token.value);
    if (token.kind !== "option") continue;
    if (token.name === "help") line.help = true;
    else if (!Object.hasOwn(flags, token.name)) unknown.push(token.rawName);
    else {
      const values = line.given.get(token.name) ?? [];
      line.given.set(token.name, [...values, valueOf(token, flags[token.name].value)]);
    }
  }
  if (unknown.length > 0 && !line.help) throw new UsageError(unknownFlag(unknown[0], line.words));
  return line;
}

function valueOf(
  { rawName, value, inlineValue }: { rawName: string; value?: string; inlineValue?: boolean },
  expected: string | undefined,
): string {
  if (expected === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    return "";
  }
  if (value === undefined) throw new UsageError(`${rawName}: expected ${expected} after it.`);
  if (!inlineValue && /^-[^\d]/.test(value)) {
    throw new UsageError(`${rawName}: expected ${expected}. Is ${rawName}=${value} meant?`);
  }
  return value;
}

/** Runs a tool that is one command; answers the exit code. `run` is how it is called. */
export async function runCommand(
  { run, command, args }: { run: string; command: Command<void>; args: string[] },
): Promise<number> {
  try {
    const unknownFlag = (flag: string) =>
      `There is no flag ${flag}.${meantFlag(flag, command.flags)} ${flagsOf(command)}`;
    const { words, given, help } = split(args, command.flags, unknownFlag);
    if (help) {
      console.log(helpOf(command, run));
      return EXIT.ok;
    }
    return await command.prepare(words, given)();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee: ${run} --help`);
    return EXIT.usage;
  }
}

/** A sentence with the flags of a command. */
export function flagsOf({ flags }: { flags: Flags }): string {
  const names = Object.keys(flags).map((name) => `--${name}`);
  return names.length > 0 ? `The flags: ${names.join(", ")}.` : "It takes no flags.";
}

/** A question that offers the flag that was most likely meant, with a space before. */
export function meantFlag(flag: string, flags: Flags): string {
  return meant(flag.replace(/^-+/, ""), Object.keys(flags), "--");
}

const WIDTH = 80;
/** The column in which the explanation of a flag begins. */
const COLUMN = 20;

/** The help of a command that is called with `run`. */
export function helpOf(
  { name, args, summary, flags, notes, examples = [] }: Command<never>,
  run: string,
): string {
  const rows = Object.entries(flags).map(([name, { value, help }]) =>
    row(`--${name}${value ? `=${value}` : ""}`, help)
  );
  const lines = examples.map((example) => `  ${run} ${example}`);
  return [
    [run, name, args.usage].filter(Boolean).join(" "),
    wrap(`${summary[0].toUpperCase()}${summary.slice(1)}.`, WIDTH),
    rows.join("\n"),
    notes ?? "",
    lines.join("\n"),
  ].filter(Boolean).join("\n\n");
}

/** A name and its explanation, in columns. */
export function row(name: string, explanation: string, column = COLUMN): string {
  const [first, ...rest] = wrap(explanation, WIDTH - column).split("\n");
  const head = `  ${name}`;
  const lines = head.length < column
    ? [head.padEnd(column) + first, ...rest.map((line) => " ".repeat(column) + line)]
    : [head, ...[first, ...rest].map((line) => " ".repeat(column) + line)];
  return lines.join("\n");
}

/** The text in lines that are no longer than `width`. */
function wrap(text: string, width: number): string {
  return text.replace(new RegExp(`(.{1,${width}})(\\s+|$)`, "g"), "$1\n").trimEnd();
}
