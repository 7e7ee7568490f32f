/** Why `deno task start` has ended. */
import {
  DatabaseUnusable,
  FolderInUse,
  FolderUnusable,
  PortForbidden,
  PortInUse,
} from "../stack/mod.ts";

/** Without the functions no job would ever end. */
export class UnusableFunctions extends Error {
  override name = "UnusableFunctions";
}

/** What went wrong, in a line that says what to do where that is known. */
export function explain(error: unknown): string {
  if (error instanceof PortInUse) {
    return `${error.message}; choose another with --port N (the API takes N, SQL takes N+1)`;
  }
  if (error instanceof PortForbidden) return `${error.message}. Choose another with --port N`;
  if (error instanceof FolderInUse) return `${error.message}; stop that one first`;
  if (error instanceof FolderUnusable) return `${error.message}. Name another folder with --data`;
  if (error instanceof DatabaseUnusable) {
    const cause = error.cause ? `: ${error.cause}` : "";
    return `${error.message}${cause}\nTo begin anew, add --fresh; to keep it, name another folder with --data`;
  }
  if (error instanceof UnusableFunctions) return `cannot run ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  // A disk that is full, a file that may not be written: where in the code is of no use.
  const isSystems = typeof (error as { code?: unknown }).code === "string";
  return isSystems ? error.message : error.stack ?? error.message;
}
