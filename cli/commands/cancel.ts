import type { Api } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError } from "../failure.ts";
import { oneOf, yesOrNo } from "../flag.ts";
import { FILTERS, jobsOf, queryOf } from "../jobs.ts";
import { exactlyOne, jobIds, type Session } from "../session.ts";

/** How many jobs one request asks for; a project may return fewer. */
const PAGE = 1000;

export const cancel = command({
  name: "cancel",
  summary: "cancels live jobs, and their operations at the provider where that is possible",
  args: jobIds,
  flags: {
    status: oneOf("STATUS", ["queued", "running", "waiting"], ""),
    ...FILTERS,
    all: yesOrNo("all live jobs"),
    yes: yesOrNo("confirm: without it, jobs that are not named by their ids are only counted"),
    json: yesOrNo("print a JSON list of the outcomes"),
  },
  examples: ["cancel JOB_ID", "cancel --storyboard=storyboard-001 --yes"],
  check: (ids, { all, yes: _, json: __, ...filter }) => {
    const filters = Object.values(filter).some((value) => value !== undefined);
    exactlyOne(ids, filters, all, "a filter like --storyboard=ID");
  },
  run: async (ids, { all: _, yes, json, ...filter }, session: Session) => {
    const { stdout, stderr, now } = session.io;
    const api = session.api();
    const isNamed = ids.length > 0;
    const live = (offset = 0) =>
      chosenBy({ status: "in.(queued,running,waiting)", ...queryOf(filter, now()) }, api, offset);
    const chosen = isNamed ? ids : await live();
    if (!isNamed && chosen.length > 0 && !yes) {
      const more = await live(chosen.length);
      stderr(
        `${more.length > 0 ? "At least " : ""}${chosen.length} would be cancelled. ` +
          "Nothing was changed: confirm with --yes.",
      );
      return EXIT.usage;
    }

    const outcomes = new Map<string, Outcome>();
    const failure = await cancelAll(chosen, api, outcomes, (id, { cancelled, status }) => {
      if (!json && (isNamed || !cancelled)) stdout(`${id}  ${outcomeText(cancelled, status)}`);
    }, isNamed ? undefined : live);
    const count = [...outcomes.values()].filter(({ cancelled }) => cancelled).length;
    if (json) stdout(JSON.stringify([...outcomes].map(([id, rest]) => ({ job_id: id, ...rest }))));
    else if (!isNamed) stdout(`${count} cancelled`);
    if (failure) throw failure;
    // Each job that was named should be cancelled; one that was found may have ended meanwhile.
    return isNamed && count < ids.length ? EXIT.failed : EXIT.ok;
  },
});

interface Outcome {
  cancelled: boolean;
  /** The present status of the job; null: there is no such job. */
  status: string | null;
}

/** Cancels job after job, and then those that `more` finds. A failure keeps the earlier outcomes. */
async function cancelAll(
  ids: string[],
  api: Api,
  outcomes: Map<string, Outcome>,
  tell: (id: string, outcome: Outcome) => void,
  more?: () => Promise<string[]>,
): Promise<RemoteError | undefined> {
  try {
    for (let batch = ids; batch.length > 0;) {
      for (const id of batch) {
        const answer = await api.callObject("cancel_generation_job", { job_id: id });
        const { cancelled = false, status = null } = answer as Partial<Outcome> ?? {};
        outcomes.set(id, { cancelled, status });
        tell(id, { cancelled, status });
      }
      batch = more ? (await more()).filter((id) => !outcomes.has(id)) : [];
    }
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return error;
  }
}

async function chosenBy(query: Record<string, string>, api: Api, offset: number) {
  const order = "enqueued_at.asc,id.asc";
  const jobs = await jobsOf(api, { ...query, order, limit: `${PAGE}`, offset: `${offset}` });
  return jobs.map(({ id }) => id);
}

function outcomeText(cancelled: boolean, status: string | null): string {
  if (cancelled) return "cancelled";
  if (status === null) return "there is no such job";
  return `not cancelled: it has ${status === "cancelled" ? "been cancelled before" : status}`;
}
