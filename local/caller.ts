import { resolve } from "node:path";

/** A path as the caller of a task names it: the task itself runs in the project's folder. */
export function fromCaller(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? ".", path);
}
