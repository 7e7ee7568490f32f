/** Whether workers are called by themselves, and what they answer. */
import { span } from "../text.ts";
import { objects, quoted, type Row } from "../api.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";
import type { Context } from "./context.ts";

/** In seconds: a message that could have been taken for this long is not going to be. */
const TOO_LONG = 300;
/** In seconds: a look at the queue that is this late did not take place. */
const LATE = 300;

const LIMITS = "select * from generation_limits_in_use;";

interface Line {
  queue: string;
  installed: boolean;
  schedule: string;
  url: string;
  missing: { missing: string; remedy: string }[];
  run?: Row;
  call?: Row;
}

export async function checkSchedule(context: Context): Promise<Observation[]> {
  const { api } = context;
  const lines = (await api.callRows("generation_schedule")).map(readLine);
  const stopped = await api.rows("generation_worker_settings", {
    select: "queue",
    most_workers: "eq.0",
  });
  const installed = lines.some((line) => line.installed);
  const findings = installed
    ? lines.flatMap((line) => checkLine(line, context))
    : [notInstalled(lines, api.url)];
  for (const { queue } of stopped) {
    findings.push(warning(
      `No workers are called for ${quoted(queue)}: somebody has stopped the work.`,
      `update generation_worker_settings set most_workers = 4 where queue = '${quoted(queue)}';`,
    ));
  }

  const waiting = await api.rows("generation_oldest_waiting", {
    waiting_seconds: `gt.${TOO_LONG}`,
  });
  if (waiting.length === 0) return findings;
  const limits = await api.rows("generation_limits", { select: "model", limit: "1" });
  for (const { queue, waiting_seconds } of waiting) {
    const message = `A message of ${quoted(queue)} could have been taken for ` +
      `${span(Number(waiting_seconds))}, and nobody has`;
    const work = `./process-queue.sh ${String(queue).startsWith("video") ? "videos" : "images"}`;
    // Where nobody is called, or a limit may hold it back, it waits as somebody wanted it to.
    if (!installed || stopped.some((row) => row.queue === queue)) {
      findings.push(warning(`${message}.`, work));
    } else if (limits.length > 0) {
      findings.push(warning(`${message}: a limit may hold it back.`, LIMITS));
    } else findings.push(failed(`${message}.`, work));
  }
  return findings;
}

function notInstalled(lines: Line[], url: string): Observation {
  // The installation takes both secrets along, so that only the extensions have to be there before.
  const gaps = (lines[0]?.missing ?? []).filter(({ missing }) => !missing.startsWith("the secret"));
  const wanting = gaps.length > 0
    ? `; ${gaps.map((gap) => gap.missing).join(", ")} ${gaps.length === 1 ? "is" : "are"} missing`
    : "";
  return warning(
    `No schedule is installed${wanting}: jobs wait until somebody calls the functions.`,
    [
      ...gaps.map((gap) => gap.remedy),
      `select install_generation_schedule('${url}', 'YOUR_SECRET_KEY');`,
    ].join("\n"),
  );
}

function checkLine(line: Line, context: Context): Observation[] {
  const { queue, schedule } = line;
  if (!line.installed) {
    return [failed(`${queue} has no schedule.`, "select install_generation_schedule();")];
  }
  const findings: Observation[] = [];
  if (line.missing.length > 0) {
    findings.push(failed(
      `The schedule of ${queue} lacks ${line.missing.map((gap) => gap.missing).join(", ")}.`,
      line.missing.map((gap) => gap.remedy).join("\n"),
    ));
  }
  const run = checkRun(line, context);
  if (run) findings.push(run);
  const call = checkCall(line, context.api.url);
  if (call) findings.push(call);
  if (findings.length > 0) return findings;
  return [ok(`${queue} is looked at by itself (${schedule}).`)];
}

function checkRun({ queue, schedule, run }: Line, { clock }: Context): Observation | undefined {
  if (!run) return undefined; // not yet, or forgotten
  if (run.status === "failed") {
    return failed(
      `The schedule of ${queue} fails: ${quoted(run.message)}`,
      "select install_generation_schedule();",
    );
  }
  const age = (clock.now() - Date.parse(String(run.started_at))) / 1000;
  if (age > intervalOf(schedule) + LATE) {
    return failed(
      `The schedule of ${queue} has not run for ${span(age)}: pg_cron does not work.`,
      "select install_generation_schedule();  -- and restart the project if that does not help",
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

function checkCall({ queue, url, call }: Line, projectUrl: string): Observation | undefined {
  const install = `select install_generation_schedule('${projectUrl}', 'YOUR_SECRET_KEY');`;
  if (isOtherProject(url, projectUrl)) {
    return failed(`The schedule of ${queue} calls another project: ${url}`, install);
  }
  if (!call) return undefined;
  const status = Number(call.status_code);
  if (call.error) {
    return failed(
      `The last call for ${queue} failed: ${quoted(call.error)}`,
      `select queue, url, last_calls from generation_schedule();`,
    );
  }
  if (call.status_code === null || call.status_code === undefined) return undefined;
  if (status >= 200 && status <= 299) return undefined;
  const name = url.split("/").at(-1) ?? "";
  const what = `The last call for ${queue} was answered ${status}`;
  switch (status) {
    case 401:
    case 403:
      return failed(`${what}: worker_key in Vault is no key of the project.`, install);
    case 404:
      return failed(
        `${what}: ${name} is not deployed, or project_url is wrong.`,
        `supabase functions deploy ${name}`,
      );
    case 503:
      return failed(
        `${what}: the function is not configured, or does not start.`,
        `curl ${projectUrl}/functions/v1/${name}`,
      );
    case 546:
      return failed(
        `${what}: the function ran out of memory or CPU time.`,
        `supabase secrets set ${name.includes("video") ? "VIDEO" : "IMAGE"}_CONCURRENCY=1`,
      );
    default:
      return failed(`${what}.`, `curl ${projectUrl}/functions/v1/${name}`);
  }
}

/** Of self-hosted projects the database may know another address than everybody else. */
function isOtherProject(url: string, projectUrl: string): boolean {
  const [there, here] = [url, projectUrl].map((text) =>
    URL.canParse(text) ? new URL(text).hostname : ""
  );
  const isHosted = (host: string) => host.endsWith(".supabase.co");
  return isHosted(there) && isHosted(here) && there !== here;
}

function readLine(row: Row): Line {
  // The newest that has been answered: the one just made has no answer yet.
  const answered = objects(row.last_calls).find((call) => call.status_code || call.error);
  return {
    queue: quoted(row.queue),
    installed: row.installed === true,
    schedule: quoted(row.schedule),
    url: quoted(row.url),
    missing: objects(row.missing).map((gap) => ({
      missing: quoted(gap.missing),
      remedy: quoted(gap.remedy),
    })),
    run: objects(row.last_runs)[0],
    call: answered,
  };
}
