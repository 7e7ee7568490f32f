/** Which jobs wait for a model in trouble. */
import { portions } from "../console/lib/portions.js";
import type { Api } from "./api.ts";
import { type Standing, standing } from "./figures.ts";
import { type Job, MOST_NAMED } from "./jobs.ts";

/** The models that queued jobs wait for, by the ids of the jobs. */
export async function waitsOf(jobs: Job[], api: Api): Promise<Map<string, Standing>> {
  const waits = new Map<string, Standing>();
  const queued = jobs.filter(({ status }) => status === "queued").map(({ id }) => id);
  if (queued.length === 0) return waits;
  const troubled = (await standing(api)).filter(({ state }) => state !== "ok");
  if (troubled.length === 0) return waits;
  const byModel = new Map(troubled.map((stands) => [stands.model, stands]));
  for (const some of portions(queued, MOST_NAMED)) {
    const rows = await api.rows<{ job_id: string; waits_for: string }>("generation_pending_jobs", {
      select: "job_id,waits_for",
      job_id: `in.(${some.join(",")})`,
      waits_for: "not.is.null",
    });
    for (const { job_id, waits_for } of rows) {
      const model = byModel.get(waits_for);
      if (model) waits.set(job_id, model);
    }
  }
  return waits;
}
