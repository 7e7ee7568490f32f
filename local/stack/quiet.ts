import { AsyncLocalStorage } from "node:async_hooks";

const silenced = new AsyncLocalStorage<true>();
let installed = false;

/**
 * Runs `work` and discards what it writes with `console.error` and `console.warn`.
 *
 * lite logs every database error with its stack and parameters, prompts included, although the
 * client gets the error in the response. Other code that runs at the same time logs as usual.
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
