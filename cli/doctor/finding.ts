/** What an examination finds. */

export type Status = "ok" | "warning" | "failed" | "skipped";

/** One thing that was looked at. */
export interface Finding {
  /** Which check it is of. */
  check: string;
  status: Status;
  message: string;
  /** A command or an SQL statement that mends it, to be copied. */
  remedy?: string;
}

/** A finding of a check that does not say its name. */
export type Observation = Omit<Finding, "check">;

export function ok(message: string): Observation {
  return { status: "ok", message };
}

export function warning(message: string, remedy?: string): Observation {
  return { status: "warning", message, ...(remedy && { remedy }) };
}

export function failed(message: string, remedy?: string): Observation {
  return { status: "failed", message, ...(remedy && { remedy }) };
}

export function skipped(message: string): Observation {
  return { status: "skipped", message };
}
