/** What the tool needs around itself, so that a test can stand in for a terminal. */

export interface Surroundings {
  environment(name: string): string | undefined;
  /** Results, for people and scripts. */
  print(line: string): void;
  /** Whether nobody reads any more what is printed, as after `| head -1`. */
  unread?: () => boolean;
  /** Errors and hints. */
  complain(line: string): void;
  /** Shows a line that the next one replaces; undefined where nobody is looking. */
  status?: (line: string) => void;
  readFile(path: string): Promise<string>;
  /** Waits, in milliseconds. */
  sleep(milliseconds: number): Promise<void>;
  fetch(request: Request): Promise<Response>;
  /** In milliseconds since 1970. */
  now(): number;
}

/** The real surroundings. */
export function thisTerminal(): Surroundings {
  const encoder = new TextEncoder();
  let unread = false;
  // `console.log` would not tell that the other end of a pipe is closed.
  const print = (line: string) => {
    try {
      for (let rest = encoder.encode(`${line}\n`); rest.length > 0;) {
        rest = rest.subarray(Deno.stdout.writeSync(rest));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      unread = true;
    }
  };
  const status = (line: string) => {
    // A line that wraps could not be replaced any more.
    const width = Deno.consoleSize().columns || 80;
    Deno.stdout.writeSync(encoder.encode(`\r\x1b[2K${line.slice(0, width - 1)}`));
  };
  return {
    environment: (name) => Deno.env.get(name),
    print,
    unread: () => unread,
    complain: (line) => console.error(line),
    status: Deno.stdout.isTerminal() ? status : undefined,
    readFile: (path) => Deno.readTextFile(path),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    fetch: (request) => fetch(request),
    now: () => Date.now(),
  };
}
