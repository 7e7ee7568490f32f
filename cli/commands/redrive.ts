import { portions } from "../../console/lib/portions.js";
import { queueOf } from "../../console/model/queue.js";
import { meant } from "../../console/model/near.js";
import { type Api, quoted } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError } from "../failure.ts";
import { failures } from "../figures.ts";
import { oneOf, text, yesOrNo } from "../flag.ts";
import { type Kind, KINDS, queryOf } from "../jobs.ts";
import { exactlyOne, jobIds, type Session } from "../session.ts";

/** Jobs that one call redrives: on Supabase it answers 1,000 rows at most, and has 8 seconds. */
const MOST_SENT = 500;

interface Choice {
  error?: string;
  kind?: Kind;
  "forget-operation": boolean;
}

export const redrive = command({
  name: "redrive",
  summary: "redrives failed jobs: they run again, with their attempts reset",
  args: jobIds,
  flags: {
    error: text("CODE", "the failed jobs with this error code"),
    kind: oneOf("KIND", KINDS, "the failed jobs of one kind: image or video"),
    all: yesOrNo("all failed jobs"),
    "forget-operation": yesOrNo(
      "submit videos again, and pay for them again: those that may have been paid for, which are " +
        "left out otherwise, and those with an operation, which is polled on otherwise",
    ),
    yes: yesOrNo("confirm: needed where a job may be paid for a second time"),
    json: yesOrNo("print one JSON document"),
  },
  examples: ["redrive JOB_ID", "redrive --error=storage_failed"],
  check: (ids, { error, kind, all }) => {
    const chooses = error !== undefined || kind !== undefined;
    exactlyOne(ids, chooses, all, "--error=CODE, --kind=image or --kind=video");
  },
  run: async (ids, { json, yes, ...choice }, session: Session) => {
    const { stdout, stderr, now } = session.io;
    const warning = warningOf(ids, choice);
    if (warning && !yes) {
      stderr(`${warning} Nothing was changed: confirm with --yes.`);
      return EXIT.usage;
    }
    const api = session.api();
    const chosen = ids.length > 0 ? ids : await failedJobs(choice, api, now());
    const sent: string[] = [];
    let left: LeftOut[] = [];
    let failure: RemoteError | undefined;
    try {
      await redriveAll(chosen, choice, api, sent);
      left = await leftOut(chosen, sent, api);
    } catch (error) {
      if (!(error instanceof RemoteError) || sent.length === 0) throw error;
      failure = error; // the jobs before it are reported all the same
    }
    if (json) stdout(JSON.stringify({ redriven: sent, left }));
    else {
      stdout(`${sent.length} redriven`);
      for (const { job_id, reason } of left) stdout(`${job_id}  not redriven: ${reason}`);
      if (left.some(({ reason }) => reason.includes("paid for"))) {
        stdout("Check the provider's usage; redrive with --forget-operation pays again.");
      }
    }
    if (failure) throw failure;
    if (choice.error && chosen.length === 0) stderr(await noneWith(choice.error, choice.kind, api));
    return left.length === 0 || ids.length === 0 ? EXIT.ok : EXIT.failed;
  },
});

/** That no failed job has the error code, and which ones there are. */
async function noneWith(error: string, kind: Kind | undefined, api: Api): Promise<string> {
  const rows = (await failures(api)).filter((row) => kind === undefined || row.kind === kind);
  const codes = [...new Set(rows.map(({ error_code }) => quoted(error_code)))];
  const list = codes.length > 0 ? ` The failed jobs have: ${codes.join(", ")}.` : "";
  return `No failed ${kind ? `${kind} ` : ""}job has the error ${error}.${
    meant(error, codes)
  }${list}`;
}

function warningOf(ids: string[], { error, kind, ...flags }: Choice): string | undefined {
  if (flags["forget-operation"]) {
    return "--forget-operation pays for the videos a second time.";
  }
  if (ids.length === 0 && !error) {
    return `All failed ${kind ?? "image and video"} jobs would be redriven, also those that will ` +
      "fail again.";
  }
}

/** The oldest first, the order in which they are requeued. */
async function failedJobs({ error, kind }: Choice, api: Api, now: number): Promise<string[]> {
  const jobs = await api.allRows<{ id: string }>("generation_jobs", {
    ...queryOf({ status: "failed", error, kind }, now),
    select: "id",
    order: "enqueued_at,msg_id,id",
  });
  return jobs.map(({ id }) => id);
}

async function redriveAll(
  chosen: string[],
  { error, kind, ...flags }: Choice,
  api: Api,
  sent: string[],
): Promise<void> {
  for (const some of portions(chosen, MOST_SENT)) {
    const ids = await api.call("redrive_generation_jobs", {
      job_ids: some,
      ...(error && { error_code: error }),
      ...(kind && { queue_name: queueOf(kind) }),
      forget_operation: flags["forget-operation"],
    });
    if (!isTexts(ids)) throw new RemoteError("redrive_generation_jobs answered no list of ids.");
    sent.push(...ids);
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/** A job that was not redriven. */
interface LeftOut {
  job_id: string;
  reason: string;
}

/** Why the database has left out those that were chosen and not sent. */
async function leftOut(chosen: string[], sent: string[], api: Api): Promise<LeftOut[]> {
  const again = new Set(sent);
  const others = chosen.filter((id) => !again.has(id.toLowerCase()));
  const left: LeftOut[] = [];
  for (const some of portions(others, MOST_SENT)) {
    const rows = await api.call("generation_jobs_left_out", { job_ids: some });
    if (!Array.isArray(rows)) {
      throw new RemoteError("generation_jobs_left_out answered no list of jobs.");
    }
    left.push(...rows.map((row) => ({ job_id: String(row?.job_id), reason: String(row?.reason) })));
  }
  return left;
}
