/** Whether the schedule calls the workers, and what they answer. */
import { objects, quoted, type Row } from "../api.ts";
import { PLACEHOLDER_KEY } from "../project.ts";
import { span } from "../text.ts";
import { type Context, processQueue } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

/** In seconds: a message that is visible for this long will not be claimed. */
const TOO_LONG = 300;
/** In seconds: a run of the schedule that is this late is missing. */
const LATE = 300;

const REPAIR = "select install_generation_schedule();";

export async function checkSchedule(context: Context): Promise<Observation[]> {
  const { api } = context;
  const lines = await api.callRows("generation_schedule");
  const stopped = await api.rows("generation_worker_settings", {
    select: "queue",
    most_workers: "eq.0",
  });
  const isInstalled = lines.some(({ installed }) => installed === true);
  const findings = isInstalled
    ? lines.flatMap((line) => checkLine(line, context))
    : [notInstalled(lines, api.url)];
  for (const queue of stopped.map((row) => quoted(row.queue))) {
    findings.push(warning(
      `No workers are called for ${queue}: its most_workers is 0.`,
      `update generation_worker_settings set most_workers = 4 where queue = '${queue}';`,
    ));
  }
  findings.push(...lines.flatMap(checkClaims));
  const isCalled = (queue: unknown) => isInstalled && !stopped.some((row) => row.queue === queue);
  return [...findings, ...await checkWaiting(context, isCalled)];
}

/** Errors that claims have met with single messages. */
function checkClaims({ queue, claim_errors }: Row): Observation[] {
  const [last, ...others] = objects(claim_errors);
  if (!last) return [];
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return [failed(
    `Message ${Number(last.msg_id)}${more} of ${quoted(queue)} cannot be claimed: ${
      quoted(last.message)
    }`,
    "select queue, claim_errors from generation_schedule();",
  )];
}

async function checkWaiting(
  { api }: Context,
  isCalled: (queue: unknown) => boolean,
): Promise<Observation[]> {
  const waiting = await api.rows("generation_oldest_waiting", {
    waiting_seconds: `gt.${TOO_LONG}`,
    waits_for: "is.null",
  });
  if (waiting.length === 0) return [];
  const limits = await api.rows("generation_limits", { select: "model", limit: "1" });
  return waiting.map(({ queue, waiting_seconds }) => {
    const message = `A message of ${quoted(queue)} has been visible for ` +
      `${span(Number(waiting_seconds))}, and no worker has claimed it`;
    if (!isCalled(queue)) return warning(`${message}.`, processQueue(queue));
    if (limits.length === 0) return failed(`${message}.`, processQueue(queue));
    return warning(
      `${message}: a limit may hold it back.`,
      "select * from generation_limits_in_use;",
    );
  });
}

function notInstalled([line]: Row[], url: string): Observation {
  // The installation stores both secrets; only the extensions must exist before.
  const gaps = objects(line?.missing).filter((gap) =>
    !quoted(gap.missing).startsWith("the secret")
  );
  const names = gaps.map((gap) => quoted(gap.missing)).join(", ");
  return warning(
    `No schedule is installed${
      names && `; missing: ${names}`
    }: jobs wait until the functions are ` +
      "called in another way.",
    [...gaps.map((gap) => quoted(gap.remedy)), install(url)].join("\n"),
  );
}

function install(url: string): string {
  return `select install_generation_schedule('${url}', '${PLACEHOLDER_KEY}');`;
}

function checkLine(line: Row, { api, clock }: Context): Observation[] {
  const queue = quoted(line.queue);
  if (line.installed !== true) return [failed(`${queue} has no schedule.`, REPAIR)];
  const missing = objects(line.missing);
  const findings = [
    missing.length > 0 && failed(
      `The schedule of ${queue} lacks ${missing.map((gap) => quoted(gap.missing)).join(", ")}.`,
      missing.map((gap) => quoted(gap.remedy)).join("\n"),
    ),
    checkRun(line, clock.now()),
    checkCall(line, api.url),
  ].filter((finding) => typeof finding === "object");
  if (findings.length > 0) return findings;
  return [ok(`The schedule polls ${queue} (${quoted(line.schedule)}).`)];
}

function checkRun(line: Row, now: number): Observation | undefined {
  const [run] = objects(line.last_runs);
  if (!run) return undefined; // not yet, or forgotten
  const queue = quoted(line.queue);
  if (run.status === "failed") {
    return failed(`The schedule of ${queue} fails: ${quoted(run.message)}`, REPAIR);
  }
  const age = (now - Date.parse(String(run.started_at))) / 1000;
  if (age > intervalOf(quoted(line.schedule)) + LATE) {
    return failed(
      `The schedule of ${queue} has not run for ${span(age)}: pg_cron does not work.`,
      `${REPAIR}  -- and restart the project if that does not help`,
    );
  }
}

/** In seconds: `10 seconds`, or minutes as pg_cron writes them. */
function intervalOf(schedule: string): number {
  const seconds = /^(\d+) seconds?$/.exec(schedule)?.[1];
  if (seconds) return Number(seconds);
  const minutes = /^\*\/(\d+) /.exec(schedule)?.[1];
  return minutes ? Number(minutes) * 60 : schedule.startsWith("0 ") ? 3600 : 60;
}

function checkCall(line: Row, projectUrl: string): Observation | undefined {
  const queue = quoted(line.queue);
  const url = quoted(line.url);
  if (isOtherProject(url, projectUrl)) {
    return failed(`The schedule of ${queue} calls another project: ${url}`, install(projectUrl));
  }
  // The newest call that has an answer.
  const call = objects(line.last_calls).find((call) => call.status_code || call.error);
  if (!call) return undefined;
  if (call.error) {
    return failed(
      `The last call for ${queue} failed: ${quoted(call.error)} (${url})`,
      "select queue, url, last_calls from generation_schedule();\n" +
        `${install(projectUrl)}  -- if that address is wrong`,
    );
  }
  const status = Number(call.status_code);
  if (status >= 200 && status <= 299) return undefined;
  const [reason, remedy] = explain(status, url.split("/").at(-1) ?? "", projectUrl);
  return failed(`The last call for ${queue} was answered ${status}${reason}.`, remedy);
}

function explain(status: number, name: string, projectUrl: string): [string, string] {
  const ask = `curl ${projectUrl}/functions/v1/${name}`;
  const variable = `${name.includes("video") ? "VIDEO" : "IMAGE"}_CONCURRENCY`;
  const refused = ": worker_key in Vault is no key of the project";
  const answers: Record<number, [reason: string, remedy: string]> = {
    401: [refused, install(projectUrl)],
    403: [refused, install(projectUrl)],
    404: [
      `: ${name} is not deployed, or project_url is wrong`,
      `supabase functions deploy ${name}`,
    ],
    503: [": the function is not configured, or does not start", ask],
    546: [
      ": the function ran out of memory or CPU time",
      `supabase secrets set ${variable}=1`,
    ],
  };
  return answers[status] ?? ["", ask];
}

/** In a self-hosted project the database may use another address than the clients. */
function isOtherProject(url: string, projectUrl: string): boolean {
  const [there, here] = [url, projectUrl].map((text) =>
    URL.canParse(text) ? new URL(text).hostname : ""
  );
  const isHosted = (host: string) => host.endsWith(".supabase.co");
  return isHosted(there) && isHosted(here) && there !== here;
}
