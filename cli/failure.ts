/** The ways in which a tool fails, and its exit codes. */

/** Exit codes that scripts can rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2 };

/** The command line, the environment or the messages are wrong: nothing was sent. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The project could not be reached, refused a call, or a job did not succeed. */
export class RemoteError extends Error {
  override name = "RemoteError";
}
