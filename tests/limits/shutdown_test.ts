/** A run whose worker is retired, as Supabase does at 90 % of a limit. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { startFunction } from "./function.ts";
import { startServices } from "./services.ts";

Deno.test("a retired worker leaves no job unsettled", async () => {
  await using services = startServices({ kind: "image", jobs: 10_000, asset: 1000 });
  const { worker, log, call } = await startFunction(services, "image");
  const answer = await call({ prefer: "respond-async" });
  deepEqual([answer.status, (await answer.json()).status], [202, "accepted"]);
  await services.begun;
  await worker.stop();

  const entries = log.lines.map((line) => JSON.parse(line));
  const end = entries.find(({ message }) => message === "Run finished");
  equal(end?.detail.stopped, "shutdown", log.lines.join("\n"));
  const told = (name: string) => services.told.filter((call) => call.name === name).length;
  // Every claimed job was completed or deferred, and none was generated twice.
  equal(told("complete_generation_job") + told("defer_generation_job"), services.taken());
  equal(told("complete_generation_job"), services.stored.length);
  ok(services.taken() < 10_000);
});
