/** Structured logs: one line of JSON per entry, which Supabase's log explorer can query. */
import type { LogEntry } from "./core.ts";
import type { Redact } from "./redact.ts";

/** Takes one entry. */
export type Log = (entry: LogEntry) => void;

/** Takes one finished line. */
export type Write = (level: LogEntry["level"], line: string) => void;

/** A log whose lines name the function and hold no secret. */
export function createLog(name: string, redact: Redact, write: Write = toConsole): Log {
  return ({ level, message, ...rest }) => {
    const entry = { level, function: name, message, ...rest };
    write(level, JSON.stringify(redact(entry)));
  };
}

// The platform takes the level of an entry from the console method that wrote it.
const toConsole: Write = (level, line) => console[level](line);
