import { AsyncLocalStorage } from "node:async_hooks";

const silenced = new AsyncLocalStorage<true>();
let installed = false;

/**
 * Runs `work` without what it would write with `console.error` and `console.warn`.
 *
 * lite writes every database error with its stack and parameters, prompts included, although the
 * client gets the error as its answer. Other code that runs at the same time is heard as usual.
 */
export function quietly<T>(work: () => T): T {
  if (!installed) install();
  return silenced.run(true, work);
}

function install(): void {
  installed = true;
  for (const method of ["error", "warn"] as const) {
    const speak = console[method];
    console[method] = (...parameters: unknown[]) => {
      if (!silenced.getStore()) speak.apply(console, parameters);
    };
  }
}
