/**
 * What the core makes of an answer of the provider. It reads answers in a run alone, so it gets one: of a
 * queue with a single job, whose model has answered so. A list of Google's errors here would soon say
 * something else than the core's.
 */
import type { Adapter, ImageCore } from "./core.ts";

/** What a job would report that had met the answer. */
export interface Verdict {
  /** Its error code. */
  code: string;
  /** What happened, redacted. */
  message: string;
  /** How the model would stand from then on, if the trouble is not the job's alone. */
  standing?: "resting" | "refused" | "retired";
}

const JOB = {
  job_id: crypto.randomUUID(),
  msg_id: 1,
  lease_token: 1,
  message: { storyboardId: "check", prompt: "-" },
};

export async function verdictOf(
  { processImages }: Pick<ImageCore, "processImages">,
  model: string,
  answer: Response,
): Promise<Verdict> {
  let standing: Verdict["standing"];
  let claims = 0;
  const pgmq = adapter(async (url, { body }) => {
    switch (url.split("/").at(-1)) {
      case "claim_generation_jobs":
        return Response.json(claims++ === 0 ? [JOB] : []);
      case "report_generation_trouble":
        standing = (await new Response(body).json()).state;
        return Response.json(1);
      case "maintain_generation_queue":
        return Response.json({});
      default:
        return Response.json(true);
    }
  });
  const provider = adapter(() => Promise.resolve(answer));
  const none = adapter(() => Promise.reject(new Error("expected no request")));
  const report = await processImages(
    { pgmq, gemini: provider, vertex: provider, storage: none, source: none },
    { models: [model], concurrency: 1, budgetSeconds: 60, maxAttempts: 1 },
  );
  const { code, message } = report.jobs[0].error!;
  return { code, message, standing };
}

function adapter(fetch: Adapter["fetch"]): Adapter {
  return { url: "http://core.invalid", fetch };
}
