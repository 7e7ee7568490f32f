/**
 * The end of a worker, as a signal.
 *
 * The edge runtime announces it with a `beforeunload` event at about 90 % of a limit. Runs get the
 * signal and release the jobs that they have not begun.
 * Source: https://supabase.com/docs/guides/functions/background-tasks
 */

/** Aborted, with the reason that the runtime gives, when `target` is about to be unloaded. */
export function shutdownSignal(target: EventTarget = globalThis): AbortSignal {
  const controller = new AbortController();
  target.addEventListener("beforeunload", (event) => {
    controller.abort((event as CustomEvent<{ reason?: string }>).detail?.reason ?? "unload");
  });
  return controller.signal;
}
