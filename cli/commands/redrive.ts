import type { Api } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError } from "../failure.ts";
import { oneOf, text, yesOrNo } from "../flag.ts";
import { type Kind, KINDS, queryOf, queueOf } from "../jobs.ts";
import { exactlyOne, jobIds, type Session } from "../session.ts";

/** Jobs that are redriven in one call: it answers no more than 1,000 on Supabase, and has 8 seconds. */
const MOST_SENT = 500;

/** An address of more ids than this is too long for some gateways. */
const MOST_ASKED = 100;

interface Choice {
  error?: string;
  kind?: Kind;
  "forget-operation": boolean;
}

export const redrive = command({
  name: "redrive",
  summary: "sends failed jobs again",
  args: jobIds,
  flags: {
    error: text("CODE", "those that failed for this reason"),
    kind: oneOf("KIND", KINDS, "those of one kind: image or video"),
    all: yesOrNo("all that have failed"),
    "forget-operation": yesOrNo(
      "give up what was submitted for a video, submit it and pay for it again; without it, the " +
        "operation is polled on",
    ),
    yes: yesOrNo("do it: needed where it may pay a second time"),
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
      stderr(`${warning} Nothing was done: add --yes if that is what you want.`);
      return EXIT.usage;
    }
    const api = session.api();
    const chosen = ids.length > 0 ? ids : await failedJobs(choice, api, now());
    const sent: string[] = [];
    let left: Left[] = [];
    let failure: RemoteError | undefined;
    try {
      await redriveAll(chosen, choice, api, sent);
      left = await notSent(ids, sent, api);
    } catch (error) {
      if (!(error instanceof RemoteError) || sent.length === 0) throw error;
      failure = error; // what was sent until then is told all the same
    }
    if (json) stdout(JSON.stringify({ redriven: sent, left }));
    else {
      stdout(`${sent.length} sent again`);
      for (const { job_id, status } of left) {
        stdout(`${job_id}  ${status ? `not sent again: it is ${status}` : "there is no such job"}`);
      }
    }
    if (failure) throw failure;
    return left.length === 0 ? EXIT.ok : EXIT.failed;
  },
});

function warningOf(ids: string[], { error, kind, ...flags }: Choice): string | undefined {
  if (flags["forget-operation"]) {
    return "--forget-operation gives up what was submitted and pays for the videos a second time.";
  }
  if (error === "submission_uncertain") {
    return "Jobs that failed as submission_uncertain may have been paid for; they are paid for again.";
  }
  if (ids.length === 0 && !error) {
    return `All failed ${
      kind ?? "image and video"
    } jobs would be sent again, also those that will ` +
      "fail again, and those that may have been paid for (submission_uncertain).";
  }
}

/** The oldest first, as they go back onto the queues. */
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
    sent.push(...ids as string[]);
  }
}

/** A job that was named and not sent again; without a status there is no such job. */
interface Left {
  job_id: string;
  status: string | null;
}

async function notSent(named: string[], sent: string[], api: Api): Promise<Left[]> {
  const again = new Set(sent);
  const others = named.filter((id) => !again.has(id.toLowerCase()));
  const statuses = new Map<string, string>();
  for (const some of portions(others, MOST_ASKED)) {
    const query = { id: `in.(${some.join(",")})`, select: "id,status" };
    for (const { id, status } of await api.rows("generation_jobs", query)) {
      statuses.set(String(id), String(status));
    }
  }
  return others.map((id) => ({ job_id: id, status: statuses.get(id.toLowerCase()) ?? null }));
}

function portions(ids: string[], most: number): string[][] {
  const count = Math.ceil(ids.length / most);
  return Array.from({ length: count }, (_, n) => ids.slice(n * most, (n + 1) * most));
}
