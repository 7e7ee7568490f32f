/** What the tests of the functions share: keys, a platform and a core of their own. */
import type { RunOptions, RunReport } from "../../supabase/functions/_shared/core.ts";
import type { Configuration } from "../../supabase/functions/_shared/environment.ts";
import { createHandler, type Handler } from "../../supabase/functions/_shared/handler.ts";
import type { Judge } from "../../supabase/functions/_shared/provider_check.ts";
import { verdictOf } from "../../supabase/functions/_shared/verdict.ts";
import { processImages } from "../../pkg/generation_queue.js";
import type { Environment } from "../../supabase/functions/_shared/variable.ts";

/** The judgement of the real core. */
export const judge: Judge = (model, answer) => verdictOf({ processImages }, model, answer);

/** Keys in Supabase's forms, new for every test run: none of them is kept in a file. */
export function newKeys() {
  const random = () => crypto.randomUUID().replaceAll("-", "");
  const jwt = (role: string) =>
    [{ alg: "HS256", typ: "JWT" }, { role, jti: random() }].map((part) =>
      btoa(JSON.stringify(part)).replaceAll("=", "")
    ).concat(random()).join(".");
  return {
    secret: `sb_secret_${random()}`,
    otherSecret: `sb_secret_${random()}`,
    publishable: `sb_publishable_${random()}`,
    serviceRole: jwt("service_role"),
    anon: jwt("anon"),
    worker: `worker-${random()}`,
    google: `AIza${random()}`,
  };
}

export type Keys = ReturnType<typeof newKeys>;

export function environmentOf(values: Record<string, string>): Environment {
  return (name) => values[name];
}

/** The variables of a hosted project that is set up. */
export function hostedValues(keys: Keys): Record<string, string> {
  return {
    SUPABASE_URL: "http://project.test",
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret, other: keys.otherSecret }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole,
    SUPABASE_ANON_KEY: keys.anon,
    GOOGLE_GENERATIVE_AI_API_KEY: keys.google,
  };
}

export function report(change: Partial<RunReport> = {}): RunReport {
  return {
    queue: "image_generation_queue",
    stopped: "empty",
    claimed: 0,
    succeeded: 0,
    failed: 0,
    retrying: 0,
    waiting: 0,
    jobs: [],
    ...change,
  };
}

/** A report of three jobs, one of which failed with `message`; and its text, given how that is shown. */
export const mixedReport = (message: string) =>
  report({
    ...{ claimed: 3, succeeded: 1, failed: 1, waiting: 1 },
    jobs: [
      { jobId: "a", msgId: 1, outcome: "succeeded", sceneId: "s-1", url: "http://p/1.png" },
      { jobId: "b", msgId: 2, outcome: "failed", error: { code: "no_image", message } },
      { jobId: "c", msgId: 3, outcome: "waiting", characterId: "hero" },
    ],
  });
export const mixedText = (message: string) =>
  `\
succeeded  job a (s-1)  http://p/1.png
failed     job b  no_image: ${message}
waiting    job c (hero)
jobs: 3  succeeded: 1  failed: 1  retrying: 0  waiting: 1
Some jobs are not finished: run this again in a while.
`;

/** A function around a run of the test's own, with everything that it did to its platform. */
export function testFunction(
  values: Record<string, string>,
  run: (configuration: Configuration, options: RunOptions) => Promise<RunReport> = () =>
    Promise.resolve(report()),
  standing: unknown = [],
) {
  const shutdown = new AbortController();
  const lines: string[] = [];
  const kept: Promise<unknown>[] = [];
  const asked: Request[] = [];
  const runs: { configuration: Configuration; options: RunOptions }[] = [];
  const handler: Handler = createHandler(
    {
      name: "process-image-generation",
      queue: "image_generation_queue",
      kind: "image",
      version: () => "1.2.3",
      judge,
      run: (configuration, options) => {
        runs.push({ configuration, options });
        return run(configuration, options);
      },
    },
    {
      environment: environmentOf(values),
      keepAlive: (work) => kept.push(work),
      age: () => 0,
      send: (request) => {
        asked.push(request);
        return Promise.resolve(Response.json(standing));
      },
      shutdown: shutdown.signal,
    },
    (_level, line) => lines.push(line),
  );
  return { handler, shutdown, lines, kept, runs, asked };
}

/** A request without a body. */
export const ask = (init?: RequestInit) => new Request("http://functions.test/x", init);

export function post(
  key: string | undefined,
  { body, headers }: { body?: BodyInit; headers?: Record<string, string> } = {},
): Request {
  return new Request("http://functions.test/process-image-generation", {
    method: "POST",
    headers: { ...(key && { authorization: `Bearer ${key}` }), ...headers },
    body,
  });
}
