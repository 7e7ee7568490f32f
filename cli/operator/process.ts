/** `process`: has the functions work on their queues now, as process-queue.sh does. */
import { EXIT, RemoteError } from "../failure.ts";
import { type Answer, parseJson } from "../exchange.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import type { OperatorCommand } from "./arguments.ts";

type Process = OperatorCommand & { name: "process" };

/** What a run reports; only what is shown. */
interface Report {
  claimed: number;
  succeeded: number;
  failed: number;
  retrying: number;
  waiting: number;
  jobs: {
    jobId: string;
    outcome: string;
    sceneId?: string;
    characterId?: string;
    url?: string;
    error?: { code: string; message: string };
  }[];
}

export async function process(
  { kinds, maxJobs, budgetSeconds, background, json }: Process,
  api: ProjectApi,
  { print, complain }: Surroundings,
): Promise<number> {
  const answers: Record<string, unknown> = {};
  let code = EXIT.ok;
  for (const kind of kinds) {
    const name = `process-${kind}-generation`;
    if (!json) print(`${name} at ${api.project.url}`);
    let reply: Answer;
    try {
      reply = await api.invoke(
        name,
        { maxJobs, budgetSeconds },
        background ? { prefer: "respond-async" } : {},
      );
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      // What the other has done is to be told all the same.
      complain(`  ${error.message}`);
      code = EXIT.failed;
      continue;
    }
    const { status, text } = reply;
    const answer = parseJson(text);
    answers[name] = answer ?? text;
    if (status === 202) {
      if (!json) print("  started; it goes on by itself");
    } else if ((status === 200 || status === 207) && isReport(answer)) {
      if (!json) { for (const line of reportLines(answer)) print(line); }
      if (answer.failed > 0) code = EXIT.failed;
    } else {
      complain(`  ${refusal(status, answer, text)}`);
      code = EXIT.failed;
    }
  }
  if (json) print(JSON.stringify(answers));
  return code;
}

/** Whoever answers under the address need not be the function. */
function isReport(answer: unknown): answer is Report {
  return typeof answer === "object" && answer !== null && Array.isArray((answer as Report).jobs);
}

function reportLines(report: Report): string[] {
  const jobs = report.jobs.map((job) => {
    const entity = job.sceneId ?? job.characterId;
    const why = job.error ? `${job.error.code}: ${job.error.message}` : job.url ?? "";
    const place = entity ? ` (${entity})` : "";
    return `  ${job.outcome.padEnd(9)}  job ${job.jobId}${plain(place)}  ${plain(why)}`;
  });
  const { claimed, succeeded, failed, retrying, waiting } = report;
  return [
    ...jobs,
    `  jobs: ${claimed}  succeeded: ${succeeded}  failed: ${failed}  ` +
    `retrying: ${retrying}  waiting: ${waiting}`,
    ...(retrying + waiting > 0 ? ["  Some jobs are not finished: run this again in a while."] : []),
  ];
}

/** A problem (RFC 9457) tells what is wrong in its detail; gateways answer {"message": …}. */
function refusal(status: number, answer: unknown, text: string): string {
  const { detail, message, msg } = (answer ?? {}) as Record<string, string | undefined>;
  const said = plain(detail ?? message ?? msg ?? text.slice(0, 500));
  switch (status) {
    case 200:
    case 207:
      return `answered something else than a report (${status}): ${said}`;
    case 401:
    case 403:
      return `refused (${status}): ${said}`;
    case 404:
      return `not found (404): is the function deployed? ${said}`;
    case 504:
      return "no answer in time (504): the run goes on, its results come later";
    case 546:
      return "the run was stopped for using too many resources (546)";
    default:
      return `failed (${status}): ${said}`;
  }
}
