/** A request has 2 s of CPU time on Supabase, which terminates one that uses more. */
import { equal, ok } from "node:assert/strict";
import { run } from "./function.ts";
import { startServices } from "./services.ts";

const MB = 1024 * 1024;

Deno.test("a run ends before its CPU time is used up", async () => {
  await using services = startServices({ kind: "image", jobs: 400, asset: 2 * MB });
  const { stopped, jobs, cpu } = await run(services, "image");
  console.log(`${cpu} ms for ${jobs.length} images of 2 MB`);
  equal(stopped, "cpu");
  ok(cpu < 2000, `${cpu} ms`);
  // Every generated image is stored. Jobs that were claimed too late are deferred.
  const made = jobs.filter((job) => job.outcome === "succeeded").length;
  equal(services.stored.length, made);
  equal(jobs.filter((job) => job.outcome === "waiting").length, jobs.length - made);
});
