import { type Api, quoted } from "../api.ts";
import { command, nothing } from "../command.ts";
import { EXIT } from "../failure.ts";
import { standing } from "../figures.ts";
import { number, oneOf, otherwise, text, yesOrNo } from "../flag.ts";
import { FILTERS, type Job, jobsOf, placeOf, portions, queryOf, STATUSES } from "../jobs.ts";
import type { Session } from "../session.ts";
import { ago, rowsOf } from "../text.ts";

export const list = command({
  name: "list",
  summary: "lists jobs, the newest first",
  args: nothing,
  flags: {
    status: oneOf("STATUS", STATUSES, ""),
    ...FILTERS,
    error: text("CODE", "the jobs with this error code, like storage_failed"),
    // Supabase returns 1,000 rows at most.
    limit: otherwise(number({ least: 1, most: 1000 }, "how many, 1 to 1000"), 20),
    json: yesOrNo("print a JSON list"),
  },
  examples: [
    "list",
    "list --status=failed --since=24h",
    "list --storyboard=storyboard-001 --kind=video",
  ],
  run: async (_, { limit, json, ...filter }, session: Session) => {
    const { stdout, now } = session.io;
    const api = session.api();
    const jobs = await jobsOf(api, { ...queryOf(filter, now()), limit: `${limit}` });
    if (json) {
      stdout(JSON.stringify(jobs));
      return EXIT.ok;
    }
    if (jobs.length === 0) {
      stdout("no jobs");
      return EXIT.ok;
    }
    const waits = await waitsOf(jobs, api);
    const rows = jobs.map((job) => [
      job.id,
      job.kind,
      job.status,
      placeOf(job),
      job.attempts,
      ago(job.enqueued_at, now()),
      // A URL would be cut here; `show` prints it.
      waits.get(job.id) ?? (job.error_code ? `${job.error_code}: ${job.error_message}` : job.model),
    ]);
    stdout(rowsOf(["job", "kind", "status", "for", "attempts", "sent", "result"], rows));
    if (jobs.length === limit) stdout(`the newest ${limit}: --limit=N shows more`);
    return EXIT.ok;
  },
});

/** The ids that one request names: its address must not become too long. */
const MOST_NAMED = 100;

/** What jobs wait for, by their ids: those that wait for a model in trouble. */
async function waitsOf(jobs: Job[], api: Api): Promise<Map<string, string>> {
  const troubled = (await standing(api)).filter(({ state }) => state !== "ok");
  if (troubled.length === 0) return new Map();
  const codes = new Map(troubled.map(({ model, code }) => [model, code]));
  const queued = jobs.filter(({ status }) => status === "queued").map(({ id }) => id);
  const waits = new Map<string, string>();
  for (const some of portions(queued, MOST_NAMED)) {
    const rows = await api.rows<{ job_id: string; waits_for: string }>("generation_pending_jobs", {
      select: "job_id,waits_for",
      job_id: `in.(${some.join(",")})`,
      waits_for: "not.is.null",
    });
    for (const { job_id, waits_for } of rows) {
      waits.set(job_id, `waits for ${quoted(waits_for)}: ${quoted(codes.get(waits_for))}`);
    }
  }
  return waits;
}
