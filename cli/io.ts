/** Everything outside of the tool that it uses, so that a test can replace it. */
import { plainLines } from "./plain_lines.ts";

export interface Io {
  environment(name: string): string | undefined;
  /** Results, for people and scripts. */
  stdout(line: string): void;
  /** Errors and hints. */
  stderr(line: string): void;
  /** Whether the other end of the pipe is closed, as after `| head -1`. */
  closed?(): boolean;
  /** The terminal, if the results go to one that can be drawn on. */
  screen?: Screen;
  readFile(path: string): Promise<string>;
  /** Waits, in milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  fetch(request: Request): Promise<Response>;
  /** In milliseconds since 1970. */
  now(): number;
}

/** The same, but what is printed has no characters that control a terminal, wherever it comes from. */
export function withPlainOutput(io: Io): Io {
  return {
    ...io,
    stdout: (line) => io.stdout(plainLines(line)),
    stderr: (line) => io.stderr(plainLines(line)),
  };
}

/** A terminal. */
export interface Screen {
  write(text: string): void;
  size(): { columns: number; rows: number };
}

/** Standard output, if it is a terminal and NO_COLOR does not ask for plain text. */
export function thisScreen(): Screen | undefined {
  const isPlain = Deno.env.get("NO_COLOR") || Deno.env.get("TERM") === "dumb";
  if (!Deno.stdout.isTerminal() || isPlain) return undefined;
  return {
    write: (text) => void Deno.stdout.writeSync(new TextEncoder().encode(text)),
    size: () => {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 };
    },
  };
}

/** The streams, environment and network of this process. */
export function thisProcess(): Io {
  const encoder = new TextEncoder();
  let closed = false;
  return {
    environment: (name) => Deno.env.get(name),
    // `console.log` does not report that the other end of a pipe is closed.
    stdout: (line) => {
      try {
        for (let rest = encoder.encode(`${line}\n`); rest.length > 0;) {
          rest = rest.subarray(Deno.stdout.writeSync(rest));
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        closed = true;
      }
    },
    stderr: (line) => console.error(line),
    closed: () => closed,
    screen: thisScreen(),
    readFile: (path) => Deno.readTextFile(path),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    fetch: (request) => fetch(request),
    now: () => Date.now(),
  };
}
