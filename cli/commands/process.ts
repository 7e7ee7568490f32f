import type { RunReport } from "../../supabase/functions/_shared/core.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { reportText } from "../../supabase/functions/_shared/summary.ts";
import { type Reply } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError, UsageError } from "../failure.ts";
import { number, yesOrNo } from "../flag.ts";
import type { Kind } from "../jobs.ts";
import type { Session } from "../session.ts";

/** In milliseconds; longer than a budget, and than the gateway waits. */
const LONGEST_RUN = 600_000;

const QUEUES: Record<string, Kind[]> = {
  images: ["image"],
  videos: ["video"],
  all: ["image", "video"],
};

export const process = command({
  name: "process",
  summary: "runs the functions now, as the schedule does, and shows their reports",
  args: {
    usage: "images|videos|all",
    read: ([what, ...more]) => {
      if (more.length === 0 && Object.hasOwn(QUEUES, what ?? "")) return QUEUES[what];
      throw new UsageError("expected one argument: images, videos or all.");
    },
  },
  flags: {
    "max-jobs": number({ least: 1, most: 1000 }, "stop after N jobs"),
    budget: number({ least: 1, most: 3600, whole: false }, "claim no more jobs after N seconds"),
    background: yesOrNo("do not wait for the end of the run"),
    json: yesOrNo("print one JSON document with both reports"),
  },
  examples: ["process images"],
  run: async (kinds, { json, background, ...limits }, session: Session) => {
    const { stdout, stderr } = session.io;
    const api = session.api();
    const body = { maxJobs: limits["max-jobs"], budgetSeconds: limits.budget };
    const headers: Record<string, string> = background ? { prefer: "respond-async" } : {};
    const replies: Record<string, unknown> = {};
    let code = EXIT.ok;
    for (const kind of kinds) {
      const name = `process-${kind}-generation`;
      if (!json) stdout(`${name} at ${api.url}`);
      try {
        const reply = await api.ask(`/functions/v1/${name}`, {
          body,
          headers,
          timeout: LONGEST_RUN,
        });
        replies[name] = reply.json ?? reply.text;
        const report = reportIn(reply, name);
        const text = report ? reportText(report) : "started; the run continues by itself";
        if (!json) { for (const line of text.split("\n")) stdout(`  ${line}`); }
        if (report && report.failed > 0) code = EXIT.failed;
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        // The other function runs all the same.
        stderr(`  ${json ? `${name}: ` : ""}${error.message}`);
        code = EXIT.failed;
      }
    }
    if (json) stdout(JSON.stringify(replies));
    return code;
  },
});

/** The report of a run; undefined if it was only started. */
function reportIn({ status, json, text, said }: Reply, name: string): RunReport | undefined {
  if (status === 202) return undefined;
  const details = said === String(status) ? `${status}: ${plain(text.slice(0, 500))}` : said;
  const rest = details.slice(`${status}: `.length);
  switch (status) {
    case 200:
    case 207:
      if (isReport(json)) return json;
      throw new RemoteError(`answered with something else than a report (${status}): ${rest}`);
    case 401:
    case 403:
      throw new RemoteError(`refused (${status}): ${rest}`);
    case 404:
      throw new RemoteError(
        `not deployed (404): npx supabase functions deploy ${name} (${rest})`,
      );
    case 504:
      throw new RemoteError(
        "no answer in time (504): the run goes on, and status shows its results",
      );
    case 546:
      throw new RemoteError(
        "stopped by the platform for using too much memory or CPU time (546): its jobs go on with " +
          "the next run; --max-jobs=N makes a run shorter",
      );
    default:
      throw new RemoteError(`failed (${status}): ${rest}`);
  }
}

/** Any server may answer at the address. */
function isReport(json: unknown): json is RunReport {
  const { jobs } = (json ?? {}) as { jobs?: unknown };
  return Array.isArray(jobs) && jobs.every((job) => typeof job?.outcome === "string");
}
