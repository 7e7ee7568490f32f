/** Recent failures and delays of jobs, the same as the alerts in docs/operations.md. */
import type { Database } from "../../supabase/database.types.ts";
import { queueOf } from "../../console/model/queue.js";
import { remediesOf } from "../../console/model/remedy.js";
import { quoted, type Row } from "../api.ts";
import { type Context, countOf, processQueue } from "./context.ts";
import { type Observation, ok, warning } from "./finding.ts";

const DAY = 86_400;
const MINUTE = 60;
/** The most rows that are counted. */
const LIMIT = 100;

const REDRIVE = "deno run --allow-net --allow-env queue-trigger.ts redrive";

/** Delays: the view that shows the jobs, what they wait for, and the remedy. */
const DELAYS: {
  view: keyof Database["public"]["Views"];
  query: (ago: (seconds: number) => string) => Record<string, string>;
  /** The sentence about one job, and about several. */
  says: (jobs: string, isOne: boolean) => string;
  remedy: string;
}[] = [
  {
    view: "generation_jobs_in_flight",
    query: (ago) => ({ status: "eq.running", visible_at: `lt.${ago(5 * MINUTE)}` }),
    says: (jobs, isOne) =>
      `${jobs} ${isOne ? "was" : "were"} left by a worker that died, and no other worker has come.`,
    remedy: "./process-queue.sh all",
  },
  {
    view: "generation_jobs_in_flight",
    query: (ago) => ({ status: "eq.waiting", submitted_at: `lt.${ago(15 * MINUTE)}` }),
    says: (jobs, isOne) =>
      `Google has been making the ${
        isOne ? "video" : "videos"
      } of ${jobs} for more than 15 minutes. ` +
      "A job fails after VIDEO_DEADLINE_MINUTES.",
    remedy: "select job_id, storyboard_id, operation_name, submitted_at " +
      "from generation_jobs_in_flight where status = 'waiting' order by submitted_at;",
  },
];

export async function checkFailures({ api, clock, leftOut }: Context): Promise<Observation[]> {
  const ago = (seconds: number) => clock.secondsAgo(seconds);
  const failures = await api.rows("generation_failures", {
    last_at: `gt.${ago(DAY)}`,
    order: "last_at.desc",
  });
  const findings = failures.map((failure) =>
    failureOf(failure, leftOut.get(String(failure.kind)) ?? [])
  );
  for (const { view, query, says, remedy } of DELAYS) {
    const rows = await api.rows(view, { select: "job_id", ...query(ago), limit: `${LIMIT}` });
    if (rows.length === 0) continue;
    const jobs = countOf(rows, "job", LIMIT);
    findings.push(warning(says(jobs, rows.length === 1), remedy));
  }
  return findings.length > 0 ? findings : [ok("No job has failed in the last day.")];
}

/** Copies to the current objects that are not confirmed: workers repeat them after 10 minutes. */
export async function checkPublications({ api, clock }: Context): Promise<Observation[]> {
  const behind = await api.rows("generation_publications", {
    select: "queue",
    since: `lt.${clock.secondsAgo(30 * MINUTE)}`,
    limit: `${LIMIT}`,
  });
  if (behind.length === 0) return [ok("The current objects are up to date.")];
  return [warning(
    `The current objects of ${countOf(behind, "job", LIMIT)} are behind: Storage refuses the ` +
      "copies, or no worker runs.",
    processQueue(behind[0].queue),
  )];
}

/** `leftOut`: the models that a message may name in vain. */
function failureOf({ kind, error_code, jobs, last_message }: Row, leftOut: string[]): Observation {
  const code = quoted(error_code);
  const said = quoted(last_message) || "no message";
  const isAboutModel = code === "invalid_message" && said.startsWith("model: ");
  const why = isAboutModel ? leftOut.map((text) => ` Left out: ${text}.`).join("") : "";
  const count = `${jobs} ${quoted(kind)} ${Number(jobs) === 1 ? "job has" : "jobs have"}`;
  return warning(
    `${count} failed with ${code}: ${said}${why && `.${why}`}`,
    remedyOf(code, kind === "video" ? "video" : "image"),
  );
}

/** Repairs the cause and then redrives the jobs. */
function remedyOf(code: string, kind: "image" | "video"): string {
  const query = (columns: string, condition: string) =>
    `select ${columns} from generation_jobs\nwhere status = 'failed' and ${condition}`;
  // Of this kind alone: those of the other are another finding, with another cause and other prices.
  const command = `${REDRIVE} --error=${code} --kind=${kind}`;
  const again = `select redrive_generation_jobs(error_code => '${code}', queue_name => '${
    queueOf(kind)
  }');`;
  const remedies: Record<string, string> = {
    api_key_invalid:
      `supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY\n${command}`,
    model_unavailable: `supabase secrets set ${kind.toUpperCase()}_MODELS=MODEL  ` +
      `# one of https://ai.google.dev/gemini-api/docs/models\n${command}`,
    storage_failed:
      "select id, public, file_size_limit, allowed_mime_types from storage.buckets;\n" +
      `-- then: ${again}`,
    entity_update_failed: "select key, jsonb_typeof(value) from kv_store_7ee7668a " +
      `where jsonb_typeof(value) <> 'object';\n-- then: ${again}`,
    // It may have been paid for: a person has to check whether it was made.
    submission_uncertain: query(
      "id, storyboard_id, submission_model, submission_started_at",
      "error_code = 'submission_uncertain'",
    ) + ";\n-- not among what Google has billed? Then, one by one: " +
      "select redrive_generation_jobs(array['JOB-ID']::uuid[], forget_operation => true);",
  };
  if (Object.hasOwn(remedies, code)) return remedies[code];
  const isOurs = /^[a-z_]+$/.test(code);
  // Where a change of the message helps, the sender has to see it.
  if (isOurs && !remediesOf(code).change) return again;
  const condition = `kind = '${kind}'${isOurs ? ` and error_code = '${code}'` : ""}`;
  return query("id, storyboard_id, prompt, error_message", condition) +
    " order by finished_at desc limit 20;";
}
