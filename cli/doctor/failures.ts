/** What went wrong with jobs lately, as docs/operations.md has alerts for. */
import { quoted, type Row } from "../api.ts";
import { type Observation, ok, warning } from "./finding.ts";
import type { Context } from "./context.ts";

const DAY = 86_400;
const MINUTE = 60;

const REDRIVE = "deno run --allow-net --allow-env queue-trigger.ts redrive --error=";

export async function checkFailures({ api, clock }: Context): Promise<Observation[]> {
  const failures = await api.rows("generation_failures", {
    last_at: `gt.${clock.secondsAgo(DAY)}`,
    order: "last_at.desc",
  });
  const findings = failures.map(failureOf);

  const quota = await api.rows("generation_pending_jobs", {
    select: "kind",
    error_code: "eq.quota_exhausted",
    limit: "100",
  });
  if (quota.length > 0) {
    findings.push(warning(
      `${many(quota, 100)} for Google's quota. They go on by themselves.`,
      "insert into generation_limits (model, requests_per_minute) values ('MODEL', 10);",
    ));
  }
  const dead = await api.rows("generation_jobs_in_flight", {
    select: "job_id",
    status: "eq.running",
    visible_at: `lt.${clock.secondsAgo(5 * MINUTE)}`,
    limit: "100",
  });
  if (dead.length > 0) {
    findings.push(warning(
      `${many(dead, 100)} for a worker that has died, and none has taken over.`,
      "./process-queue.sh all",
    ));
  }
  const slow = await api.rows("generation_jobs_in_flight", {
    select: "job_id",
    status: "eq.waiting",
    submitted_at: `lt.${clock.secondsAgo(15 * MINUTE)}`,
    limit: "100",
  });
  if (slow.length > 0) {
    findings.push(warning(
      `${
        many(slow, 100)
      } for a video that Google has been making for over 15 minutes. It is given up ` +
        "after VIDEO_DEADLINE_MINUTES.",
      "select job_id, storyboard_id, operation_name, submitted_at from generation_jobs_in_flight " +
        "where status = 'waiting' order by submitted_at;",
    ));
  }
  if (findings.length > 0) return findings;
  return [ok("No job has failed in the last day.")];
}

/** Copies to the current objects that are not confirmed: workers make up for them after 10 minutes. */
export async function checkPublications({ api, clock }: Context): Promise<Observation[]> {
  const behind = await api.rows("generation_jobs", {
    select: "id,kind",
    publication_pending: "is.true",
    finished_at: `lt.${clock.secondsAgo(30 * MINUTE)}`,
    limit: "100",
  });
  if (behind.length === 0) return [ok("The current objects are up to date.")];
  return [warning(
    `The current objects of ${behind.length === 100 ? "100 or more" : behind.length} jobs are ` +
      "behind: Storage refuses the copies, or no worker runs.",
    `./process-queue.sh ${behind[0].kind === "video" ? "videos" : "images"}`,
  )];
}

function failureOf({ kind, error_code, jobs, last_message }: Row): Observation {
  const code = quoted(error_code);
  const count = Number(jobs) === 1
    ? `1 ${quoted(kind)} job has`
    : `${jobs} ${quoted(kind)} jobs have`;
  return warning(
    `${count} failed with ${code}: ${quoted(last_message)}`,
    remedyOf(code, quoted(kind)),
  );
}

function many(rows: Row[], most: number): string {
  if (rows.length === 1) return "1 job waits";
  return `${rows.length === most ? `${most} or more` : rows.length} jobs wait`;
}

/** What mends the cause, and then has the jobs made. */
function remedyOf(code: string, kind: string): string {
  if (!/^[a-z_]+$/.test(code)) return looking(kind);
  const again = `select redrive_generation_jobs(error_code => '${code}');`;
  const models = kind === "video" ? "VIDEO_MODELS" : "IMAGE_MODELS";
  switch (code) {
    case "api_key_invalid":
      return `supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY\n${REDRIVE}${code}`;
    case "model_unavailable":
      return `supabase secrets set ${models}=MODEL  ` +
        `# one of https://ai.google.dev/gemini-api/docs/models\n${REDRIVE}${code}`;
    case "storage_failed":
      return "select id, public, file_size_limit, allowed_mime_types from storage.buckets;\n" +
        `-- then: ${again}`;
    case "entity_update_failed":
      return "select key, jsonb_typeof(value) from kv_store_7ee7668a " +
        "where jsonb_typeof(value) <> 'object';\n" +
        `-- then: ${again}`;
    // It may have been paid for: somebody has to look whether it was made.
    case "submission_uncertain":
      return "select id, storyboard_id, submission_model, submission_started_at from generation_jobs\n" +
        "where status = 'failed' and error_code = 'submission_uncertain';\n" +
        "-- not among what Google has billed? Then, one by one: " +
        "select redrive_generation_jobs(array['JOB-ID']::uuid[]);";
    // The sender's: the same message fails again.
    case "invalid_message":
    case "content_blocked":
    case "source_image_unusable":
    case "model_rejected_request":
      return looking(kind, code);
    // Made, or being made: what is sent again is polled on for nothing.
    case "operation_timed_out":
    case "download_failed":
    default:
      return again;
  }
}

function looking(kind: string, code?: string): string {
  return "select id, storyboard_id, prompt, error_message from generation_jobs\n" +
    `where status = 'failed' and kind = '${kind === "video" ? "video" : "image"}'` +
    `${code ? ` and error_code = '${code}'` : ""} order by finished_at desc limit 20;`;
}
