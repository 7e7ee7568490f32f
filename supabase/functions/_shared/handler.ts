/**
 * The HTTP face of a function.
 *
 * | request | answer |
 * |---|---|
 * | `POST` | runs, then 200 with the report; 207 when a job failed, retries or waits |
 * | `POST` with `Prefer: respond-async` | 202 at once, the run continues |
 * | `POST` with `{"maxJobs": 0}` | 200 with an empty report; no queue is touched |
 * | `GET`, `HEAD` | health: version, models, what is missing; never a secret |
 * | the same with a key, as for `POST` | also what the provider says of models that cannot be used |
 * | `GET` with `?check=provider` | with a key, as for `POST`: whether the provider accepts key and models |
 * | `OPTIONS` | 204 for browsers |
 *
 * All errors are problem JSON. With `Accept: text/plain` each
 * answer is a few lines for people instead of JSON.
 */
import { type Answer, respond } from "./answer.ts";
import { authorize } from "./authorize.ts";
import type { CompleteRunReport, RunOptions, RunReport } from "./core.ts";
import { METHODS, preflight, withCors } from "./cors.ts";
import { knownSecrets, readCredentials } from "./credentials.ts";
import { type Configuration, readConfiguration } from "./environment.ts";
import { KnownSecrets } from "./known_secrets.ts";
import { createLog, type Log, type Write } from "./log.ts";
import { type Kind, lackOf } from "./models.ts";
import type { Platform } from "./platform.ts";
import { type Problem, problem } from "./problem.ts";
import type { Judge } from "./provider_check.ts";
import { createRedact, type Redact } from "./redact.ts";
import { isProblem, readRunRequest } from "./run_request.ts";
import { readStandings, type Standing } from "./standing.ts";
import { type Health, healthText, modelsText, reportText } from "./summary.ts";
import { userAgent } from "./user_agent.ts";
import { VariableError } from "./variable.ts";

/** The differences between the two functions. */
export interface FunctionDefinition {
  name: string;
  queue: string;
  kind: Kind;
  version(): string;
  /** Makes the adapters and runs. The adapters add to the secrets what they learn. */
  run(
    configuration: Configuration,
    options: RunOptions,
    secrets: KnownSecrets,
  ): Promise<RunReport>;
  judge: Judge;
}

/** Answers one request. */
export type Handler = (request: Request) => Promise<Response>;

/** Puts a function behind its HTTP face. `write` takes the log lines; without it, the console. */
export function createHandler(
  definition: FunctionDefinition,
  platform: Platform,
  write?: Write,
): Handler {
  const secrets = new KnownSecrets(knownSecrets(platform.environment));
  const redact = createRedact(secrets);
  const log = createLog(definition.name, redact, write);
  const context = { definition, platform, secrets, redact, log };

  return async (request) => {
    if (request.method === "OPTIONS") return preflight();
    let result;
    try {
      result = await answer(request, context);
    } catch (error) {
      result = crashed(error, log);
    }
    return withCors(respond(result, request));
  };
}

interface Context {
  definition: FunctionDefinition;
  platform: Platform;
  secrets: KnownSecrets;
  redact: Redact;
  log: Log;
}

async function answer(request: Request, context: Context): Promise<Answer> {
  switch (request.method) {
    case "GET":
      return new URL(request.url).searchParams.get("check") === "provider"
        ? await checkProvider(request, context)
        : await health(request, context);
    case "HEAD":
      return await health(request, context);
    case "POST":
      return await startRun(request, context);
    default:
      return problem({
        status: 405,
        title: "Method Not Allowed",
        detail: "Start a run with POST, or ask for health with GET.",
        headers: { allow: METHODS },
      });
  }
}

async function health(request: Request, context: Context): Promise<Answer> {
  const { definition, platform } = context;
  const { name, queue, kind, version } = definition;
  const { configuration, models, leftOut, problems } = readConfiguration(
    platform.environment,
    kind,
  );
  const standing = configuration ? await readStandings(configuration, platform.send) : [];
  const isCaller = standing.length > 0 && !refuse(request, context);
  const missing = problems.filter((problem) => problem.missing).map(({ variable }) => variable);
  const invalid = problems.filter((problem) => !problem.missing)
    .map(({ variable, expected }) => ({ variable, expected }));
  const health: Health = {
    name,
    status: problems.length === 0 ? "ok" : "unconfigured",
    version: version(),
    queue,
    models,
    ...(configuration && { workerLifetimeSeconds: configuration.workerLifetimeSeconds }),
    ...(standing.length > 0 && { standing: shownTo(isCaller, standing, context) }),
    ...(leftOut.length > 0 && { leftOut }),
    ...(missing.length > 0 && { missing }),
    ...(invalid.length > 0 && { invalid }),
  };
  return { status: 200, json: health, text: healthText(health) };
}

/** To others the reasons are not shown: they may be about the account. */
function shownTo(isCaller: boolean, standing: Standing[], { redact }: Context): Standing[] {
  const shown = isCaller ? standing : standing.map(({ reason: _, ...rest }) => rest);
  return redact(shown) as Standing[];
}

/** Each check is a request to the provider per model, so it needs a key. */
async function checkProvider(request: Request, context: Context): Promise<Answer> {
  const { definition, platform, redact, log } = context;
  const refusal = refuse(request, context);
  if (refusal) return problem(refusal);

  const { configuration, problems } = readConfiguration(platform.environment, definition.kind);
  if (!configuration) return problem(notConfigured(problems, log));

  // Few requests need it, and a worker starts sooner without.
  const { askProvider } = await import("./provider_check.ts");
  const asked = await askProvider(configuration, {
    kind: definition.kind,
    judge: definition.judge,
    userAgent: userAgent(definition.version(), definition.name),
  });
  const models = redact(asked) as typeof asked;
  return {
    status: 200,
    json: { name: definition.name, provider: { models } },
    text: modelsText(models),
  };
}

async function startRun(request: Request, context: Context): Promise<Answer> {
  const { definition, platform, secrets, redact, log } = context;
  const refusal = refuse(request, context);
  if (refusal) return problem(refusal);

  const { configuration, problems, leftOut } = readConfiguration(
    platform.environment,
    definition.kind,
  );
  if (!configuration) return problem(notConfigured(problems, log));

  const asked = await readRunRequest(request);
  if (isProblem(asked)) return problem(asked);

  if (asked.maxJobs === 0) return reportAnswer(nothingDone(definition.queue), redact);

  const options: RunOptions = {
    models: configuration.models,
    leftOut: leftOut.map(({ model, ...lack }) => `${model} needs ${lackOf(lack)}`),
    concurrency: configuration.concurrency,
    // A body only narrows the run: the configuration stays the limit.
    budgetSeconds: Math.min(asked.budgetSeconds ?? Infinity, configuration.budgetSeconds),
    workerLifetimeSeconds: configuration.workerLifetimeSeconds,
    workerAgeSeconds: platform.age() || undefined,
    operationDeadlineSeconds: configuration.operationDeadlineSeconds,
    maxAttempts: configuration.maxAttempts,
    jobDeadlineHours: configuration.jobDeadlineHours,
    fallbackAfterSeconds: configuration.fallbackAfterSeconds,
    maxJobs: asked.maxJobs,
    sourceImageHosts: configuration.sourceImageHosts,
    sourceImageBuckets: configuration.sourceImageBuckets,
    publicStorageUrl: `${configuration.publicUrl}/storage/v1`,
    log,
    signal: platform.shutdown,
  };
  const runWithStanding = async () => {
    const report = await definition.run(configuration, options, secrets);
    if (report.claimed > 0 && report.waiting === 0) return report;
    const standing = await readStandings(configuration, platform.send);
    return standing.length > 0 ? { ...report, standing } : report;
  };
  const run = runToAnswer(runWithStanding, redact, log);
  // Also without `respond-async`: a caller that disconnects must not end the run.
  platform.keepAlive(run);

  if (!prefersAsync(request.headers)) return await run;
  return {
    status: 202,
    headers: { "preference-applied": "respond-async" },
    json: { status: "accepted", queue: definition.queue },
    text: `accepted: the run on ${definition.queue} goes on by itself`,
  };
}

function refuse(request: Request, { platform, log }: Context): Problem | undefined {
  let credentials;
  try {
    credentials = readCredentials(platform.environment);
  } catch (error) {
    if (error instanceof VariableError) return notConfigured([error], log);
    throw error;
  }
  const verdict = authorize(request.headers, credentials);
  if (verdict.allowed) return undefined;
  return {
    status: 401,
    title: "Unauthorized",
    detail: verdict.detail,
    headers: { "www-authenticate": "Bearer" },
  };
}

function notConfigured(problems: VariableError[], log: Log): Problem {
  const detail = problems.map(({ message }) => `${message}.`).join(" ");
  log({ level: "error", code: "not_configured", message: detail });
  return {
    status: 503,
    title: "Not Configured",
    detail,
    extensions: {
      errors: problems.map(({ variable, expected }) => ({ variable, expected })),
    },
  };
}

/** Never rejects: with `respond-async` no caller is there to catch. */
async function runToAnswer(
  run: () => Promise<RunReport>,
  redact: Redact,
  log: Log,
): Promise<Answer> {
  try {
    const report = await run();
    const { jobs: _, ...summary } = report;
    log({ level: "info", message: "Run finished", detail: summary });
    return answerTo(report, redact);
  } catch (error) {
    return crashed(error, log);
  }
}

/** The report of a run that takes no job. The core has no such runs. */
function nothingDone(queue: string): CompleteRunReport {
  return {
    queue,
    stopped: "max_jobs",
    claimed: 0,
    succeeded: 0,
    failed: 0,
    retrying: 0,
    waiting: 0,
    lost: 0,
    repaired: 0,
    durationMs: 0,
    jobs: [],
  };
}

function answerTo(report: RunReport, redact: Redact): Answer {
  if (report.stopped === "unavailable") {
    const reason = redact(report.error?.message ?? "no reason given");
    return problem({
      status: 503,
      title: "Queue Unavailable",
      detail: `The queue could not be reached: ${reason}`,
      extensions: { report: redact(report) },
      headers: { "retry-after": "30" },
    });
  }
  return reportAnswer(report, redact);
}

function reportAnswer(report: RunReport, redact: Redact): Answer {
  const complete = report.failed + report.retrying + report.waiting === 0;
  const shown = redact(report) as RunReport;
  return { status: complete ? 200 : 207, json: shown, text: reportText(shown) };
}

function crashed(error: unknown, log: Log): Answer {
  log({ level: "error", code: "crashed", message: "The request ended in an error", detail: error });
  return problem({
    status: 500,
    title: "Internal Server Error",
    detail:
      "The request ended in an error; jobs that a run had taken become visible again when their leases end.",
  });
}

/** Whether `Prefer` (RFC 7240) asks for an answer before the run is over. */
function prefersAsync(headers: Headers): boolean {
  return (headers.get("prefer") ?? "").split(",")
    .some((preference) => preference.split(";")[0].trim().toLowerCase() === "respond-async");
}
