import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  ask,
  hostedValues,
  mixedReport,
  mixedText,
  newKeys,
  post,
  report,
  testFunction,
} from "./support.ts";

const keys = newKeys();
const values = hostedValues(keys);

async function problemOf(response: Response, status: number) {
  equal(response.status, status);
  equal(response.headers.get("content-type"), "application/problem+json");
  equal(response.headers.get("access-control-allow-origin"), "*");
  const problem = await response.json();
  equal(problem.status, status);
  equal(typeof problem.type, "string");
  ok(problem.title && problem.detail);
  return problem;
}

Deno.test("POST runs with the configuration and answers with the report", async () => {
  const { handler, runs, kept, shutdown } = testFunction(
    {
      ...values,
      IMAGE_MODELS:
        "gemini-2.5-flash-image,vertex/gemini-x,gemini-nano-banana-2.1,gemini-3.1-flash-image",
      SOURCE_IMAGE_HOSTS: "a.example",
      SOURCE_IMAGE_BUCKETS: "uploads",
      SUPABASE_PUBLIC_URL: "https://out.example",
    },
    () => Promise.resolve(report({ succeeded: 2 })),
  );
  const response = await handler(post(keys.secret));
  equal(response.status, 200);
  equal(response.headers.get("content-type"), "application/json");
  equal(response.headers.get("access-control-allow-origin"), "*");
  deepEqual(await response.json(), report({ succeeded: 2 }));
  const { log, ...options } = runs[0].options;
  equal(typeof log, "function");
  deepEqual(options, {
    models: ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"],
    leftOut: [
      "vertex/gemini-x needs GOOGLE_VERTEX_PROJECT, GOOGLE_CLIENT_EMAIL, " +
      "GOOGLE_PRIVATE_KEY, or GOOGLE_SERVICE_ACCOUNT_JSON, or GOOGLE_VERTEX_API_KEY",
    ],
    concurrency: 5,
    budgetSeconds: 120,
    workerLifetimeSeconds: 150,
    workerAgeSeconds: undefined,
    operationDeadlineSeconds: 1800,
    maxAttempts: 5,
    jobDeadlineHours: 24,
    fallbackAfterSeconds: 600,
    maxJobs: undefined,
    sourceImageHosts: ["a.example"],
    sourceImageBuckets: ["uploads"],
    publicStorageUrl: "https://out.example/storage/v1",
    signal: shutdown.signal,
  });
  equal(kept.length, 1);
});

Deno.test("207 says that some jobs failed, retry or wait", async () => {
  for (const change of [{ failed: 1 }, { retrying: 1 }, { waiting: 1 }]) {
    const { handler } = testFunction(
      values,
      () => Promise.resolve(report({ succeeded: 1, ...change })),
    );
    equal((await handler(post(keys.secret))).status, 207, JSON.stringify(change));
  }
});

Deno.test("Prefer: respond-async answers at once and keeps the whole run alive", async () => {
  for (const prefer of ["respond-async", "wait=5, Respond-Async", "respond-async;x=1"]) {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof report>>();
    const { handler, kept, lines } = testFunction(values, () => promise);
    const response = await handler(post(keys.secret, { headers: { prefer } }));
    equal(response.status, 202);
    equal(response.headers.get("preference-applied"), "respond-async");
    deepEqual(await response.json(), { status: "accepted", queue: "image_generation_queue" });

    let over = false;
    const alive = kept[0].then(() => over = true);
    await Promise.resolve();
    equal(over, false);
    resolve(report({ succeeded: 1 }));
    await alive;
    match(lines.join("\n"), /Run finished/);
  }
});

Deno.test("a run that fails after the answer is logged and rejects nothing", async () => {
  const { handler, kept, lines } = testFunction(values, () => Promise.reject(new Error("boom")));
  const response = await handler(post(keys.secret, { headers: { prefer: "respond-async" } }));
  equal(response.status, 202);
  await kept[0];
  match(lines.join("\n"), /boom/);
});

Deno.test("a body narrows the run and never widens it", async () => {
  const asked = async (body: string) => {
    const { handler, runs } = testFunction(values);
    equal((await handler(post(keys.secret, { body }))).status, 200, body);
    const { maxJobs, budgetSeconds } = runs[0].options;
    return { maxJobs, budgetSeconds };
  };
  deepEqual(await asked('{"maxJobs":3,"budgetSeconds":1.5}'), { maxJobs: 3, budgetSeconds: 1.5 });
  deepEqual(await asked('{"budgetSeconds":600}'), { maxJobs: undefined, budgetSeconds: 120 });
  for (const body of ["", "  \n", "{}", '{"name":"Functions"}']) {
    deepEqual(await asked(body), { maxJobs: undefined, budgetSeconds: 120 }, body);
  }
});

Deno.test("a bad body is a 400 that names the field, and starts no run", async () => {
  const bad: [string, string][] = [
    ['{"maxJobs":-1}', "maxJobs"],
    ['{"maxJobs":1.5}', "maxJobs"],
    ['{"maxJobs":"3"}', "maxJobs"],
    ['{"maxJobs":null}', "maxJobs"],
    ['{"maxJobs":1e9}', "maxJobs"],
    ['{"budgetSeconds":0}', "budgetSeconds"],
    ['{"budgetSeconds":"60"}', "budgetSeconds"],
    ['{"budgetSeconds":1e999}', "budgetSeconds"],
    ["{", "body"],
    ["[]", "body"],
    ["null", "body"],
    ['"text"', "body"],
  ];
  for (const [body, field] of bad) {
    const { handler, runs } = testFunction(values);
    const problem = await problemOf(await handler(post(keys.secret, { body })), 400);
    equal(problem.errors[0].field, field, body);
    match(problem.detail, new RegExp(`^${field} `));
    equal(runs.length, 0);
  }
});

Deno.test("a request with maxJobs 0 is answered, and starts no run", async () => {
  const { handler, runs, kept } = testFunction(values);
  const response = await handler(post(keys.secret, { body: '{"maxJobs":0}' }));
  equal(response.status, 200);
  const report = await response.json();
  equal(report.queue, "image_generation_queue");
  equal(report.stopped, "max_jobs");
  deepEqual([report.claimed, report.succeeded, report.failed, report.jobs], [0, 0, 0, []]);
  deepEqual([runs.length, kept.length], [0, 0]);
});

Deno.test("a request with maxJobs 0 needs the key and the configuration of any run", async () => {
  const body = '{"maxJobs":0}';
  const closed = testFunction(values);
  await problemOf(await closed.handler(post(keys.publishable, { body })), 401);
  const { GOOGLE_GENERATIVE_AI_API_KEY: _, ...without } = values;
  const unconfigured = testFunction(without);
  await problemOf(await unconfigured.handler(post(keys.secret, { body })), 503);
});

Deno.test("a body that is too long is rejected before it is read to its end", async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      if (pulled > 1000) controller.close();
      else controller.enqueue(new Uint8Array(1024).fill(32));
    },
  });
  const { handler, runs } = testFunction(values);
  await problemOf(await handler(post(keys.secret, { body })), 413);
  ok(pulled < 100, `${pulled} chunks read`);
  equal(runs.length, 0);
});

Deno.test("without a known key the answer is 401, whatever else is wrong, and nothing runs", async () => {
  for (const key of [undefined, keys.worker, keys.anon, keys.publishable]) {
    const { handler, runs } = testFunction({ ...values, MAX_ATTEMPTS: "nonsense" });
    const response = await handler(post(key, { body: "{" }));
    equal(response.headers.get("www-authenticate"), "Bearer");
    const problem = await problemOf(response, 401);
    ok(!JSON.stringify(problem).includes("MAX_ATTEMPTS"));
    equal(runs.length, 0);
  }
});

Deno.test("missing Google key: 503 naming it, and no run", async () => {
  const { GOOGLE_GENERATIVE_AI_API_KEY: _, ...without } = values;
  const { handler, runs, lines } = testFunction(without);
  const problem = await problemOf(await handler(post(keys.secret)), 503);
  match(problem.detail, /GOOGLE_GENERATIVE_AI_API_KEY is not set/);
  equal(runs.length, 0);
  match(lines[0], /GOOGLE_GENERATIVE_AI_API_KEY/);
});

Deno.test("a variable that does not parse: 503 naming it", async () => {
  for (const name of ["IMAGE_CONCURRENCY", "SUPABASE_SECRET_KEYS", "ALLOW_PUBLIC_TRIGGER"]) {
    const { handler, runs } = testFunction({ ...values, [name]: "nonsense" });
    const problem = await problemOf(await handler(post(keys.secret)), 503);
    match(problem.detail, new RegExp(`^${name} must be `));
    equal(problem.errors[0].variable, name);
    equal(runs.length, 0);
  }
});

Deno.test("a queue that cannot be reached is 503, with the report", async () => {
  const { handler } = testFunction(values, () =>
    Promise.resolve(report({
      stopped: "unavailable",
      error: { code: "queue_failed", message: "connection refused" },
    })));
  const response = await handler(post(keys.secret));
  equal(response.headers.get("retry-after"), "30");
  const problem = await problemOf(response, 503);
  match(problem.detail, /connection refused/);
  equal(problem.report.stopped, "unavailable");
});

Deno.test("a run that throws is a 500 that shows no internals", async () => {
  for (
    const run of [
      () => Promise.reject(new Error("inner secret")),
      () => {
        throw new WebAssembly.RuntimeError("inner secret");
      },
    ]
  ) {
    const { handler, lines } = testFunction(values, run);
    const problem = await problemOf(await handler(post(keys.secret)), 500);
    ok(!JSON.stringify(problem).includes("inner secret"));
    match(lines.join("\n"), /inner secret/);
  }
});

Deno.test("GET answers health without a key and without secrets", async () => {
  const { handler, runs } = testFunction(values);
  const response = await handler(ask());
  equal(response.status, 200);
  const text = await response.text();
  deepEqual(JSON.parse(text), {
    name: "process-image-generation",
    status: "ok",
    version: "1.2.3",
    queue: "image_generation_queue",
    models: ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"],
    workerLifetimeSeconds: 150,
  });
  for (const key of Object.values(keys)) ok(!text.includes(key));
  equal(runs.length, 0);
});

Deno.test("health and a run without work say which models cannot be used, and why", async () => {
  const row = {
    model: "gemini-2.5-flash-image",
    state: "refused",
    code: "api_key_invalid",
    reason: `the key ${keys.google} was refused`,
    since: "2026-11-28T20:00:00+00:00",
    restsUntil: "2026-11-28T21:00:00+00:00",
  };
  const { handler, asked } = testFunction(values, undefined, [row, { ...row, model: "other" }]);
  const shown = [{ ...row, reason: "the key [redacted] was refused" }];
  const withKey = { apikey: keys.secret };
  deepEqual((await (await handler(ask({ headers: withKey }))).json()).standing, shown);
  deepEqual((await (await handler(post(keys.secret))).json()).standing, shown);
  const headers = { accept: "text/plain", ...withKey };
  const text = await (await handler(ask({ headers }))).text();
  match(text, /^gemini-2\.5-flash-image is refused until \S+: api_key_invalid: the key/m);
  equal(asked[0].headers.get("apikey"), keys.secret);
  match(asked[0].url, /^http:\/\/project\.test\/rest\/v1\/generation_models\?/);
  // What a provider says of an account is for those who may start a run.
  const { reason: _, ...public_ } = row;
  for (const headers of [{}, { apikey: keys.publishable }] as Record<string, string>[]) {
    deepEqual((await (await handler(ask({ headers }))).json()).standing, [public_]);
  }
  const silent = testFunction(values, undefined, { message: "no such table" });
  equal((await (await silent.handler(ask())).json()).standing, undefined);
});

Deno.test("a run that had work asks for no models", async () => {
  // docs/capacity.md counts the call.
  for (const [claimed, waiting, calls] of [[1, 0, 0], [1, 1, 1], [0, 0, 1]]) {
    const run = () => Promise.resolve(report({ claimed, waiting }));
    const { handler, asked } = testFunction(values, run, []);
    await handler(post(keys.secret));
    equal(asked.length, calls, `${claimed} claimed, ${waiting} waiting`);
  }
});

Deno.test("health names what is missing and what does not parse", async () => {
  const { handler } = testFunction({ IMAGE_MODELS: "a", MAX_ATTEMPTS: "x" });
  const health = await (await handler(ask())).json();
  equal(health.status, "unconfigured");
  const missing = ["GOOGLE_GENERATIVE_AI_API_KEY"];
  deepEqual(health.models, []);
  deepEqual(health.leftOut, [{ model: "a", missing }]);
  deepEqual(health.missing, ["SUPABASE_URL", "SUPABASE_SECRET_KEYS", ...missing]);
  deepEqual(health.invalid, [
    { variable: "MAX_ATTEMPTS", expected: "a whole number from 1 to 100" },
  ]);
});

Deno.test("HEAD answers like GET, without a body", async () => {
  const { handler } = testFunction(values);
  const response = await handler(ask({ method: "HEAD" }));
  equal(response.status, 200);
  equal(await response.text(), "");
});

Deno.test("OPTIONS allows requests from browsers", async () => {
  const { handler } = testFunction({});
  const response = await handler(ask({ method: "OPTIONS" }));
  equal(response.status, 204);
  equal(response.headers.get("access-control-allow-origin"), "*");
  match(response.headers.get("access-control-allow-methods")!, /POST/);
  deepEqual(response.headers.get("access-control-allow-headers")!.split(", "), [
    ...["authorization", "apikey", "content-type", "prefer", "x-client-info"],
    ...["x-region", "traceparent", "tracestate", "baggage", "x-retry-count"],
  ]);
});

Deno.test("other methods are a 405 that names the allowed ones", async () => {
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    const { handler } = testFunction(values);
    const response = await handler(
      ask({ method, headers: { authorization: `Bearer ${keys.secret}` } }),
    );
    equal(response.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
    await problemOf(response, 405);
  }
});

Deno.test("text is answered only to those who prefer it to JSON", async () => {
  const cases: [accept: string | undefined, text: boolean][] = [
    [undefined, false],
    ["*/*", false],
    ["application/json, text/plain, */*", false],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
    ["text/plain;q=0.5, application/json", false],
    ["text/plain, application/problem+json", false],
    ["text/plain;q=0", false],
    ["text/plain;q=many", false],
    ["image/png", false],
    ["text/plain", true],
    ["TEXT/Plain; charset=utf-8", true],
    ["text/*", true],
    ["text/plain, */*;q=0.1", true],
    ["text/plain;q=0.5, application/json;q=0.4, application/*;q=0.3", true],
    ["application/json;q=0, application/problem+json;q=0, */*", true],
  ];
  const { handler } = testFunction(values);
  for (const [accept, text] of cases) {
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    for (const method of ["GET", "HEAD", "PUT"]) {
      const answer = await handler(ask({ method, headers }));
      const type = answer.headers.get("content-type")!;
      equal(/^text\/plain/.test(type), text, `${method} ${accept}: ${type}`);
      equal(answer.headers.get("vary"), "Accept");
    }
  }
});

Deno.test("the text of a run has a line for each job, and the counts", async () => {
  const said = "blocked:\u001b[2J\njobs: 9  succeeded: 9  failed: 9";
  const { handler } = testFunction(values, () => Promise.resolve(mixedReport(said)));
  const response = await handler(post(keys.secret, { headers: { accept: "text/plain" } }));
  equal(response.status, 207);
  equal(await response.text(), mixedText("blocked: [2J jobs: 9  succeeded: 9  failed: 9"));
});

Deno.test("errors and health are text, too, where text is wanted", async () => {
  const headers = { accept: "text/plain" };
  const { GOOGLE_GENERATIVE_AI_API_KEY: _, ...without } = values;
  const { handler } = testFunction({ ...without, MAX_ATTEMPTS: "x", IMAGE_MODELS: "a" });
  const refused = await handler(post(keys.publishable, { headers }));
  equal(refused.status, 401);
  match(await refused.text(), /^The anon or publishable key may not start a run\. [^\n]*\n$/);
  equal(
    await (await handler(ask({ headers }))).text(),
    "process-image-generation 1.2.3: unconfigured\nqueue: image_generation_queue\n" +
      "models: none\nleft out: a, without GOOGLE_GENERATIVE_AI_API_KEY\n" +
      "GOOGLE_GENERATIVE_AI_API_KEY is not set\nMAX_ATTEMPTS must be a whole number from 1 to 100\n",
  );
  const { handler: configured } = testFunction(values);
  const accepted = await configured(
    post(keys.secret, { headers: { ...headers, prefer: "respond-async" } }),
  );
  equal(accepted.status, 202);
  equal(
    await accepted.text(),
    "accepted: the run on image_generation_queue goes on by itself\n",
  );
});
