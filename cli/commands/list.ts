import { quoted } from "../api.ts";
import { command, nothing } from "../command.ts";
import { EXIT } from "../failure.ts";
import { number, oneOf, otherwise, text, yesOrNo } from "../flag.ts";
import { FILTERS, jobsOf, placeOf, queryOf, STATUSES } from "../jobs.ts";
import type { Session } from "../session.ts";
import { ago, rowsOf } from "../text.ts";
import { waitsOf } from "../waits.ts";

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
    const rows = jobs.map((job) => {
      const held = waits.get(job.id);
      const error = job.error_code && `${job.error_code}: ${job.error_message}`;
      // A URL would be cut here; `show` prints it.
      const result = held
        ? `waits for ${quoted(held.model)}: ${quoted(held.code)}`
        : error || job.model;
      const sent = ago(job.enqueued_at, now());
      return [job.id, job.kind, job.status, placeOf(job), job.attempts, sent, result];
    });
    stdout(rowsOf(["job", "kind", "status", "for", "attempts", "sent", "result"], rows));
    if (jobs.length === limit) stdout(`the newest ${limit}: --limit=N shows more`);
    return EXIT.ok;
  },
});
