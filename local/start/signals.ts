import { restoreCursor } from "../../cli/terminal/style.ts";

/** Aborted by Ctrl-C, by `kill`, or when the terminal goes away; by name. */
export interface Interruption {
  signal: AbortSignal;
  /** Which it was, if one came. */
  name(): Deno.Signal | undefined;
}

/** What the interruption needs of the process. */
export interface Process {
  listen(signal: Deno.Signal, listener: () => void): void;
  /** A clock in milliseconds. */
  now(): number;
  /** Ends the process at once. */
  exit(code: number): void;
}

const ENDING: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * One Ctrl-C arrives twice: the terminal sends it to every process, and `deno task` and `npx` forward
 * theirs. A signal that comes this soon after the first is the same one. Milliseconds.
 */
const ECHO = 500;

const THIS_PROCESS: Process = {
  listen: Deno.addSignalListener,
  now: () => performance.now(),
  exit: (code) => {
    restoreCursor();
    Deno.exit(code);
  },
};

/** Turns the first such signal into an orderly end; a later one ends the process at once. */
export function interruption(process: Process = THIS_PROCESS): Interruption {
  const controller = new AbortController();
  let first: { name: Deno.Signal; at: number } | undefined;
  for (const name of ENDING) {
    process.listen(name, () => {
      if (first === undefined) {
        first = { name, at: process.now() };
        controller.abort();
      } else if (process.now() - first.at > ECHO) {
        process.exit(exitCodeOf(first.name));
      }
    });
  }
  return { signal: controller.signal, name: () => first?.name };
}

/** What shells report for a process that a signal ended. */
export function exitCodeOf(signal: Deno.Signal): number {
  const numbers: Partial<Record<Deno.Signal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  return 128 + (numbers[signal] ?? 2);
}
