/** How many requests a job makes, in the middle of a long run. */
import { deepEqual, equal } from "node:assert/strict";
import { startFunction } from "../limits/function.ts";
import { startServices } from "../limits/services.ts";
import { withinBudget } from "./budget.ts";

const JOBS = 200;

/** The services, by the paths below which they are. */
const SERVICES = { database: "/rest/", storage: "/storage/", provider: "/v1beta/" };

/** Runs a function until the queue is empty. A slow machine needs more runs for that. */
async function drain(call: () => Promise<Response>): Promise<{ runs: number; jobs: number }> {
  for (let runs = 1, jobs = 0;; runs++) {
    const { stopped, succeeded, failed } = await (await call()).json();
    equal(failed, 0);
    jobs += succeeded;
    if (stopped === "empty") return { runs, jobs };
  }
}

Deno.test("an image of a scene takes no more requests", async () => {
  await using services = startServices({ kind: "image", jobs: JOBS, asset: 1000, scenes: true });
  const { worker, call } = await startFunction(services, "image");
  /** How many requests each service has got since the last time. */
  const counted = () => {
    const paths = services.requests.splice(0);
    return Object.entries(SERVICES).map(([, base]) =>
      paths.filter((path) => path.startsWith(base)).length
    );
  };
  try {
    const { runs, jobs } = await drain(call);
    const all = counted();
    equal(services.stored.length, 2 * jobs); // the image, and its copy for the scene
    // What a run asks for whether there are jobs or not is not what a job takes.
    deepEqual(await drain(call), { runs: 1, jobs: 0 });
    const none = counted();
    const perJob = Object.keys(SERVICES).map((service, at) => {
      const requests = (all[at] - runs * none[at]) / jobs;
      return [service, Math.round(requests * 100) / 100];
    });
    await withinBudget("requests of an image", "requests", Object.fromEntries(perJob));
  } finally {
    await worker.stop();
  }
});
