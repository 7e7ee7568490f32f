/** What the doctor finds. */

export type Status = "ok" | "warning" | "failed" | "skipped";

/** One thing that was checked. */
export interface Finding {
  /** The check that found it. */
  check: string;
  status: Status;
  message: string;
  /** A command or an SQL statement that repairs it, to be copied. */
  remedy?: string;
}

/** A finding without the name of its check. */
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
