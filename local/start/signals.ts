/** Aborted by Ctrl-C, by `kill`, or when the terminal goes away; by name. */
export interface Interruption {
  signal: AbortSignal;
  /** Which it was, if one came. */
  name(): Deno.Signal | undefined;
  /** Signals do what they do without a listener again. */
  release(): void;
}

const ENDING: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Turns the first such signal into an orderly end; a second one ends the process at once. */
export function interruption(): Interruption {
  const controller = new AbortController();
  let received: Deno.Signal | undefined;
  const listeners = ENDING.map((name) => {
    const listener = () => {
      if (received) Deno.exit(exitCodeOf(received));
      received = name;
      controller.abort();
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  return {
    signal: controller.signal,
    name: () => received,
    release: () => {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}

/** What shells report for a process that a signal ended. */
export function exitCodeOf(signal: Deno.Signal): number {
  const numbers: Partial<Record<Deno.Signal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  return 128 + (numbers[signal] ?? 2);
}
