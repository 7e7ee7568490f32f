import { equal, ok } from "node:assert/strict";
import { thisPlatform } from "../../supabase/functions/_shared/platform.ts";
import { shutdownSignal } from "../../supabase/functions/_shared/shutdown.ts";

Deno.test("beforeunload aborts the signal with the runtime's reason", () => {
  const target = new EventTarget();
  const signal = shutdownSignal(target);
  equal(signal.aborted, false);
  target.dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: "wall_clock" } }));
  equal(signal.aborted, true);
  equal(signal.reason, "wall_clock");
});

Deno.test("a beforeunload event without detail is enough", () => {
  const target = new EventTarget();
  const signal = shutdownSignal(target);
  target.dispatchEvent(new Event("beforeunload"));
  equal(signal.reason, "unload");
});

Deno.test("a worker grows old where Supabase ends its life", () => {
  equal(thisPlatform().age(), 0);
  Deno.env.set("SB_EXECUTION_ID", "a-worker");
  try {
    ok(thisPlatform().age() > 0);
  } finally {
    Deno.env.delete("SB_EXECUTION_ID");
  }
});

Deno.test("work is handed to EdgeRuntime.waitUntil where there is one", () => {
  const global = globalThis as { EdgeRuntime?: { waitUntil(work: Promise<unknown>): void } };
  const work = Promise.resolve();
  thisPlatform().keepAlive(work);

  const kept: Promise<unknown>[] = [];
  global.EdgeRuntime = { waitUntil: (promise) => kept.push(promise) };
  try {
    thisPlatform().keepAlive(work);
  } finally {
    delete global.EdgeRuntime;
  }
  equal(kept[0], work);
});
