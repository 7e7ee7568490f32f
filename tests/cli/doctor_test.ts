/**
 * `doctor` against real installations that are broken in one place at a time. What breaks something
 * is undone before the next.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { doctor } from "../../cli/doctor/doctor.ts";
import { DATABASE_FUNCTIONS, RELATIONS } from "../../cli/doctor/database_functions.ts";
import { examine } from "../../cli/doctor/examine.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { migrate } from "../../local/database/migrate.ts";
import { openMigratedPglite } from "../../local/database/pglite.ts";
import { connect } from "../../local/database/postgres.ts";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { type Stack, type StackOptions, startStack } from "../../local/stack/mod.ts";
import { version } from "../../pkg/generation_queue.js";

const ROOT = new URL("../../", import.meta.url);

/** A project with the simulator in the place of Google, and whoever examines it. */
class Clinic implements AsyncDisposable {
  private constructor(readonly stack: Stack, readonly simulator: Simulator) {}

  static async open(options: StackOptions = {}): Promise<Clinic> {
    const simulator = await startSimulator();
    try {
      const stack = await startStack({
        sqlPort: false,
        tick: true,
        ...options,
        env: {
          GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
          GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
          ...options.env,
        },
      });
      return new Clinic(stack, simulator);
    } catch (error) {
      await simulator.close();
      throw error;
    }
  }

  get environment(): Record<string, string> {
    const { url, secretKey } = this.stack;
    return { SUPABASE_URL: url, SUPABASE_SECRET_KEY: secretKey };
  }

  /** Everything that is found, with other variables or on another way there. */
  async examine(
    change: Record<string, string> = {},
    send: (request: Request) => Promise<Response> = (request) => fetch(request),
    clone = version(),
  ): Promise<Finding[]> {
    const environment: Record<string, string> = { ...this.environment, ...change };
    const findings = await examine(clone, {
      environment: (name) => environment[name],
      fetch: send,
      now: Date.now,
    });
    const shown = JSON.stringify(findings);
    for (const key of [...Object.values(this.keys), change.SUPABASE_SECRET_KEY]) {
      ok(!key || !shown.includes(key), "no key is shown");
    }
    return findings;
  }

  get keys() {
    const { secretKey, publishableKey } = this.stack;
    return { secretKey, publishableKey, google: this.simulator.apiKey };
  }

  /** What is found while something is broken; `broken` and `mended` are SQL. */
  async whileBroken(broken: string, mended: string): Promise<Finding[]> {
    await this.sql(broken);
    try {
      return await this.examine();
    } finally {
      await this.sql(mended);
    }
  }

  /** Runs statements, one after the other. */
  async sql(statements: string): Promise<void> {
    for (const statement of statements.split(";\n")) await this.stack.sql(statement);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.close();
    await this.simulator.close();
  }
}

const wrong = (findings: Finding[]) =>
  findings.filter(({ status }) => status === "failed" || status === "warning");

/** That one thing is wrong, and no other. Answers it. */
function only(findings: Finding[], status: Finding["status"], check: string): Finding {
  const found = wrong(findings);
  deepEqual(
    found.map((finding) => [finding.status, finding.check]),
    [[status, check]],
    show(found),
  );
  return found[0];
}

const show = (findings: Finding[]) => JSON.stringify(findings, null, 1);

const checksOf = (findings: Finding[], status: Finding["status"]) => [
  ...new Set(findings.filter((finding) => finding.status === status).map(({ check }) => check)),
];

const CHECKS = [
  ...["url", "key", "connection", "access", "clock", "migrations", "queues", "buckets"],
  ...["functions", "authorization", "provider", "schedule", "failures", "publications", "webhooks"],
];

Deno.test("a project that is as it should be, and broken in one place", async (test) => {
  await using clinic = await Clinic.open();
  const { stack, simulator } = clinic;
  const { publishableKey } = stack;

  await test.step("all is well", async () => {
    const findings = await clinic.examine();
    deepEqual(wrong(findings), []);
    deepEqual(checksOf(findings, "ok"), CHECKS);
  });

  await test.step("the examination leaves everything as it was", async () => {
    await clinic.sql(
      `update generation_worker_settings set most_workers = 0;
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "Stays"}')`,
    );
    const seen = async () =>
      await stack.sql(`select
        (select jsonb_agg(to_jsonb(q)) from pgmq.q_image_generation_queue as q) as messages,
        (select jsonb_agg(to_jsonb(j)) from generation_jobs as j) as jobs,
        (select jsonb_agg(to_jsonb(s)) from generation_worker_settings as s) as settings,
        (select jsonb_agg(to_jsonb(c) order by c.jobid) from cron.job as c) as schedule,
        (select jsonb_agg(to_jsonb(v) order by v.id) from vault.decrypted_secrets as v) as secrets`);
    const before = await seen();
    simulator.reset();
    await clinic.examine();
    deepEqual(await seen(), before);
    equal(simulator.accepted("image") + simulator.accepted("video"), 0);
    await clinic.sql(
      `select cancel_generation_job(id) from generation_jobs;
update generation_worker_settings set most_workers = 4`,
    );
  });

  await test.step("a wrong key", async () => {
    const key = `sb_secret_${crypto.randomUUID()}`;
    const findings = await clinic.examine({ SUPABASE_SECRET_KEY: key });
    const { message, remedy } = only(findings, "failed", "access");
    match(message, /refuses the key/);
    match(remedy!, /^export SUPABASE_SECRET_KEY=/);
    deepEqual(checksOf(findings, "ok"), ["url", "key", "connection", "clock", "functions"]);
  });

  await test.step("a publishable key", async () => {
    const findings = await clinic.examine({ SUPABASE_SECRET_KEY: publishableKey });
    match(only(findings, "failed", "key").message, /publishable/);
    ok(checksOf(findings, "skipped").includes("access"));
    ok(checksOf(findings, "ok").includes("functions"));
  });

  await test.step("a publishable key under the wrong name is known by what it may not do", async () => {
    const findings = await clinic.examine({}, (request) => {
      const headers = new Headers(request.headers);
      if (headers.has("apikey")) headers.set("apikey", publishableKey);
      return fetch(new Request(request, { headers }));
    });
    match(only(findings, "failed", "access").message, /no secret key/);
  });

  await test.step("nobody there", async () => {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = free.addr.port;
    free.close();
    const findings = await clinic.examine({ SUPABASE_URL: `http://127.0.0.1:${port}` });
    const { message, remedy } = only(findings, "failed", "connection");
    match(message, /nothing listens there/);
    equal(remedy, `curl --verbose http://127.0.0.1:${port}/`);
    deepEqual(checksOf(findings, "skipped"), CHECKS.slice(3));
  });

  await test.step("no TLS there", async () => {
    const url = stack.url.replace("http:", "https:");
    match(only(await clinic.examine({ SUPABASE_URL: url }), "failed", "connection").message, /TLS/);
  });

  await test.step("a name that nobody has", async () => {
    const findings = await clinic.examine({ SUPABASE_URL: "https://project.invalid" }, () => {
      const cause = new Error("dns error: failed to lookup address information");
      return Promise.reject(new TypeError("fetch failed", { cause }));
    });
    match(only(findings, "failed", "connection").message, /no host project\.invalid/);
  });

  await test.step("something else under the address", async () => {
    for (
      const [answer, said] of [
        [() => new Response("<h1>Hello</h1>"), /no Data API/],
        [() => new Response(null, { status: 301, headers: { location: "/x" } }), /another address/],
        [() => Response.json({ message: "paused" }, { status: 540 }), /paused/],
        [() => Response.json({ code: "PGRST000", message: "no" }, { status: 503 }), /out of order/],
        [
          () => Response.json({ code: "PGRST106", message: "no" }, { status: 406 }),
          /schema public/,
        ],
      ] as [() => Response, RegExp][]
    ) {
      const findings = await clinic.examine({}, () => Promise.resolve(answer()));
      const [first] = wrong(findings);
      equal(first.check, "connection");
      match(first.message, said);
      ok(first.remedy);
    }
  });

  await test.step("clocks that do not agree", async () => {
    const examinedWith = (seconds: number) =>
      clinic.examine({}, async (request) => {
        const response = await fetch(request);
        const there = Date.parse(response.headers.get("date")!) + seconds * 1000;
        const headers = new Headers(response.headers);
        headers.set("date", new Date(there).toUTCString());
        return new Response(response.body, { status: response.status, headers });
      });
    equal(wrong(await examinedWith(20)).length, 0);
    match(only(await examinedWith(-100), "warning", "clock").message, /ahead/);
    const clock = wrong(await examinedWith(600)).find(({ check }) => check === "clock");
    equal(clock?.status, "failed");
    match(clock!.message, /10 min behind/);
    match(clock!.remedy!, /set-ntp true/);
  });

  await test.step("a function that the migrations had made", async () => {
    const change = (from: string, to: string) =>
      `alter function public.${from}(text, integer) rename to ${to}`;
    const name = "unpublished_generation_jobs";
    const findings = await clinic.whileBroken(change(name, "mislaid"), change("mislaid", name));
    const { message, remedy } = only(findings, "failed", "migrations");
    match(message, /lacks unpublished_generation_jobs\(queue, quantity\)\./);
    match(remedy!, /^supabase db push\n/);
  });

  await test.step("a function as an older version had it", async () => {
    const newer = "(text, integer, integer, text[])";
    const findings = await clinic.whileBroken(
      `alter function public.claim_generation_jobs${newer} rename to newer;
create function public.claim_generation_jobs(queue text, lease_seconds integer, quantity integer)
returns void language sql as 'select'`,
      `drop function public.claim_generation_jobs(text, integer, integer);
alter function public.newer${newer} rename to claim_generation_jobs`,
    );
    match(
      only(findings, "failed", "migrations").message,
      /lacks claim_generation_jobs\(queue, lease_seconds, quantity, models\)\./,
    );
  });

  await test.step("a view", async () => {
    const findings = await clinic.whileBroken(
      "alter view public.generation_latency rename to mislaid",
      "alter view public.mislaid rename to generation_latency",
    );
    match(only(findings, "failed", "migrations").message, /lacks generation_latency\./);
  });

  await test.step("a view whose grants are gone", async () => {
    const findings = await clinic.whileBroken(
      "revoke select on public.generation_costs from service_role",
      "grant select on public.generation_costs to service_role",
    );
    match(only(findings, "failed", "migrations").message, /may not use generation_costs/);
  });

  await test.step("what another check needs is not reported twice", async () => {
    const findings = await clinic.whileBroken(
      "alter function public.generation_schedule() rename to mislaid",
      "alter function public.mislaid() rename to generation_schedule",
    );
    only(findings, "failed", "migrations");
    deepEqual(checksOf(findings, "skipped"), ["schedule"]);
  });

  await test.step("the OpenAPI document says it, where there is one", async () => {
    const document = openApi(await stack.sql<Described>(DESCRIBED));
    const calls: string[] = [];
    const examinedWith = (paths: unknown) =>
      clinic.examine({}, (request) => {
        const { pathname } = new URL(request.url);
        calls.push(pathname);
        return pathname === "/rest/v1/"
          ? Promise.resolve(Response.json({ swagger: "2.0", paths }))
          : fetch(request);
      });
    deepEqual(wrong(await examinedWith(document)), []);
    ok(!calls.includes("/rest/v1/rpc/claim_generation_jobs"), "then nothing has to be tried out");

    const { "/rpc/fail_generation_job": _, "/generation_costs": __, ...less } = document;
    match(
      only(await examinedWith(less), "failed", "migrations").message,
      /lacks fail_generation_job\(queue, .*\), generation_costs\./,
    );
    const older = structuredClone(document);
    delete older["/rpc/claim_generation_jobs"].post!.parameters[0].schema!.properties.models;
    match(
      only(await examinedWith(older), "failed", "migrations").message,
      /lacks claim_generation_jobs\(/,
    );
  });

  await test.step("a bucket that is not public", async () => {
    const findings = await clinic.whileBroken(
      "update storage.buckets set public = false where id = 'storyboard-videos'",
      "update storage.buckets set public = true",
    );
    const { message, remedy } = only(findings, "failed", "buckets");
    match(message, /storyboard-videos is not public/);
    await clinic.sql("update storage.buckets set public = false where id = 'storyboard-videos'");
    await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedy mends it");
  });

  await test.step("a bucket that is missing", async () => {
    await clinic.sql("delete from storage.buckets where id = 'storyboard-images'");
    const { message, remedy } = only(await clinic.examine(), "failed", "buckets");
    match(message, /storyboard-images is missing/);
    await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedy mends it");
  });

  await test.step("a bucket that is too narrow", async () => {
    await clinic.sql(
      `update storage.buckets set allowed_mime_types = array['image/png', 'image/gif'],
      file_size_limit = 1048576 where id = 'storyboard-images'`,
    );
    const found = wrong(await clinic.examine());
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "buckets"],
      ["warning", "buckets"],
    ]);
    match(found[0].message, /refuses image\/jpeg, image\/webp/);
    match(found[1].message, /1 MiB at most/);
    for (const { remedy } of found) await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedies mend it");
    await clinic.sql(
      "update storage.buckets set allowed_mime_types = array['image/*'], file_size_limit = null",
    );
    match(
      only(await clinic.examine(), "failed", "buckets").message,
      /storyboard-videos refuses video\/mp4/,
    );
    await clinic.sql("update storage.buckets set allowed_mime_types = null");
  });

  await test.step("a model that is retired, and others that are not", async () => {
    const model = "veo-3.1-fast-generate-preview";
    simulator.script({ match: { method: "GET", model }, preset: "retired" });
    const { message, remedy } = only(await clinic.examine(), "warning", "provider");
    match(message, /does not have veo-3\.1-fast-generate-preview any more/);
    equal(remedy, "supabase secrets set VIDEO_MODELS=gemini-omni-1.1-flash");
  });

  await test.step("no model left", async () => {
    simulator.script({
      match: { method: "GET", path: /models\/gemini-.*image/ },
      preset: "retired",
      times: 2,
    });
    const { message, remedy } = only(await clinic.examine(), "failed", "provider");
    match(message, /None of the image models/);
    match(remedy!, /^supabase secrets set IMAGE_MODELS=/);
  });

  await test.step("quota that is used up, and trouble at the provider", async () => {
    const models = { method: "GET", path: /models\/gemini-.*image/ };
    simulator.script({ match: models, preset: "quota", times: 2 });
    match(only(await clinic.examine(), "warning", "provider").message, /quota is used up/);
    simulator.script({ match: models, preset: "unavailable", times: 2 });
    match(only(await clinic.examine(), "failed", "provider").message, /overloaded/);
  });

  await test.step("an answer that quotes keys and moves the cursor is shown as plain text", async () => {
    simulator.script({
      match: { method: "GET" },
      times: 4,
      status: 403,
      body: {
        error: { code: 403, message: `\x1b[2J\u202ekey ${simulator.apiKey}\n\rok all is well` },
      },
    });
    const { message } = only(await clinic.examine(), "failed", "provider");
    // deno-lint-ignore no-control-regex -- none of those is to be there
    ok(!/[\x00-\x1f\u202e]/.test(message), JSON.stringify(message));
  });

  await test.step("no schedule", async () => {
    await clinic.sql("select remove_generation_schedule()");
    const { message, remedy } = only(await clinic.examine(), "warning", "schedule");
    match(message, /No schedule is installed/);
    equal(remedy, `select install_generation_schedule('${stack.url}', 'YOUR_SECRET_KEY');`);
    await clinic.sql(remedy!.replace("YOUR_SECRET_KEY", stack.secretKey));
    deepEqual(wrong(await clinic.examine()), [], "the remedy mends it");
  });

  await test.step("a schedule without its secret", async () => {
    const findings = await clinic.whileBroken(
      "update vault.secrets set name = 'mislaid' where name = 'worker_key'",
      "update vault.secrets set name = 'worker_key' where name = 'mislaid'",
    );
    const found = wrong(findings);
    deepEqual(checksOf(found, "failed"), ["schedule"]);
    match(found[0].message, /lacks the secret worker_key/);
    match(found[0].remedy!, /^select vault\.create_secret\(/);
  });

  await test.step("a schedule that fails, does not run, or calls in vain", async () => {
    /** What the database says of the image queue, with something else in its place. */
    const examinedWith = (change: Record<string, unknown>) =>
      clinic.examine({}, async (request) => {
        const response = await fetch(request);
        if (!request.url.endsWith("/rpc/generation_schedule")) return response;
        const [images, videos] = await response.json();
        return Response.json([{ ...images, ...change }, videos]);
      });
    const run = { status: "succeeded", started_at: new Date().toISOString() };
    const call = (status_code: number | null, error: string | null = null) => ({
      last_calls: [
        { called_at: run.started_at, status_code: null, error: null },
        { called_at: run.started_at, status_code, error },
      ],
    });
    const cases: [Record<string, unknown>, RegExp, RegExp][] = [
      [{ installed: false }, /has no schedule/, /^select install_generation_schedule\(\);$/],
      [
        { last_runs: [{ ...run, status: "failed", message: "no more connections" }] },
        /fails: no more connections/,
        /install_generation_schedule/,
      ],
      [
        { last_runs: [{ ...run, started_at: "2020-01-01T00:00:00Z" }] },
        /has not run for \d+ d: pg_cron/,
        /install_generation_schedule/,
      ],
      [call(401), /answered 401: worker_key/, /^select install_generation_schedule\('http/],
      [call(404), /answered 404: .* is not deployed/, /^supabase functions deploy process-image/],
      [call(503), /answered 503: .* not configured/, /^curl http/],
      [call(546), /answered 546: .* memory or CPU/, /^supabase secrets set IMAGE_CONCURRENCY=1$/],
      [call(null, "Timeout was reached"), /failed: Timeout was reached/, /generation_schedule\(\)/],
    ];
    for (const [change, said, mends] of cases) {
      const { message, remedy } = only(await examinedWith(change), "failed", "schedule");
      match(message, said);
      match(remedy!, mends);
    }
    deepEqual(wrong(await examinedWith(call(202))), []);
    deepEqual(wrong(await examinedWith({ last_runs: [], last_calls: [] })), [], "not yet");
  });

  await test.step("work that somebody has stopped", async () => {
    const findings = await clinic.whileBroken(
      `update generation_worker_settings set most_workers = 0 where queue = 'image_generation_queue'`,
      "update generation_worker_settings set most_workers = 4",
    );
    const { message, remedy } = only(findings, "warning", "schedule");
    match(message, /stopped the work/);
    match(remedy!, /set most_workers = 4 where queue = 'image_generation_queue';$/);
  });

  await test.step("calls that reach nobody, and messages that wait", async () => {
    await clinic.sql(
      `update generation_worker_settings set function_name = 'nobody';
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "Waits"}')`,
    );
    await eventually(async () => {
      const [{ answered }] = await stack.sql<{ answered: boolean }>(
        `select bool_or(jsonb_path_exists(last_calls, '$[*] ? (@.status_code == 404)')) as answered
         from generation_schedule()`,
      );
      return answered;
    });
    await clinic.sql("update pgmq.q_image_generation_queue set vt = now() - interval '7 minutes'");
    const found = wrong(await clinic.examine());
    deepEqual(checksOf(found, "failed"), ["schedule"]);
    match(found[0].message, /answered 404: nobody is not deployed/);
    match(found[1].message, /for 7 min, and nobody has/);
    equal(found[1].remedy, "./process-queue.sh images");

    await clinic.sql("insert into generation_limits (model, jobs_in_flight) values ('m', 1)");
    const held = wrong(await clinic.examine()).at(-1)!;
    deepEqual([held.status, held.check], ["warning", "schedule"]);
    match(held.message, /a limit may hold it back/);
    equal(held.remedy, "select * from generation_limits_in_use;");
    await clinic.sql("delete from generation_limits");
    await clinic.sql(
      `select cancel_generation_job(id) from generation_jobs where status = 'queued';
update generation_worker_settings set function_name =
  case queue when 'image_generation_queue' then 'process-image-generation' else 'process-video-generation' end;
delete from generation_private.worker_calls`,
    );
  });

  await test.step("jobs that failed, with what mends the cause", async () => {
    await clinic.sql(`update generation_worker_settings set most_workers = 0`);
    await failedJob(stack, "image", "storage_failed", "the bucket is full");
    await failedJob(stack, "image", "storage_failed", "the bucket is \x1b[31mfull");
    await failedJob(stack, "video", "submission_uncertain", "no answer");
    await clinic.sql(`update generation_worker_settings set most_workers = 4`);
    const found = wrong(await clinic.examine());
    deepEqual(checksOf(found, "warning"), ["failures"]);
    const of = (code: string) => found.find(({ message }) => message.includes(code))!;
    match(of("storage_failed").message, /^2 image jobs have failed .*: the bucket is/);
    match(
      of("storage_failed").remedy!,
      /redrive_generation_jobs\(error_code => 'storage_failed'\)/,
    );
    match(of("submission_uncertain").message, /^1 video job has failed/);
    match(of("submission_uncertain").remedy!, /array\['JOB-ID'\]/);
    for (const { remedy } of found) {
      for (const statement of remedy!.split("\n-- ")[0].split(";\n")) await stack.sql(statement);
    }
    await clinic.sql("delete from generation_jobs where status = 'failed'");
  });

  await test.step("videos that take long", async () => {
    await clinic.sql(
      `insert into generation_jobs (queue, msg_id, status, message, enqueued_at, submitted_at, operation)
values ('video_generation_queue', 902, 'waiting', '{}', now(), now() - interval '16 minutes', '{"name": "o"}')`,
    );
    match(only(await clinic.examine(), "warning", "failures").message, /over 15 minutes/);
    await clinic.sql("delete from generation_jobs where msg_id = 902");
  });

  await test.step("current objects that are behind", async () => {
    await clinic.sql(
      `insert into generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at, publication_pending)
values ('image_generation_queue', 900, 'succeeded', '{}', now(), now() - interval '31 minutes', true)`,
    );
    match(only(await clinic.examine(), "warning", "publications").message, /of 1 jobs? are behind/);
    await clinic.sql("delete from generation_jobs where msg_id = 900");
  });

  await test.step("messages that the ledger misses", async () => {
    const findings = await clinic.whileBroken(
      `update generation_worker_settings set most_workers = 0;
alter table pgmq.q_video_generation_queue disable trigger user;
insert into pgmq.q_video_generation_queue (vt, enqueued_at, message)
values (now() + interval '1 hour', now() - interval '2 minutes', '{}')`,
      `delete from pgmq.q_video_generation_queue;
alter table pgmq.q_video_generation_queue enable trigger user;
update generation_worker_settings set most_workers = 4`,
    );
    const queues = wrong(findings).filter(({ check }) => check === "queues");
    match(queues[0].message, /misses messages of video_generation_queue/);
  });

  await test.step("webhooks without a secret, and webhooks that do not arrive", async () => {
    await clinic.sql("update generation_webhook_settings set hosts = array['hooks.example.com']");
    const { message, remedy } = only(await clinic.examine(), "failed", "webhooks");
    match(message, /webhook_secret/);
    await clinic.sql(remedy!);
    await clinic.sql(
      `insert into generation_jobs (id, queue, msg_id, status, message, enqueued_at, finished_at)
values ('00000000-0000-4000-8000-000000000901', 'image_generation_queue', 901, 'succeeded', '{}', now(), now());
insert into generation_webhooks (job_id, ended_at, url, event, status, attempts, next_attempt_at, error)
select id, finished_at, 'https://hooks.example.com/x?token=abc', '{}', 'failed', 10, null, 'no answer in time'
from generation_jobs where msg_id = 901`,
    );
    const trouble = only(await clinic.examine(), "warning", "webhooks");
    match(
      trouble.message,
      /^1 webhooks? do not arrive; the last at hooks\.example\.com: no answer/,
    );
    ok(!trouble.message.includes("abc"));
    await clinic.sql("delete from generation_jobs where msg_id = 901");
  });

  await test.step("all is well again", async () => {
    deepEqual(wrong(await clinic.examine()), []);
  });

  await test.step("answers of any form are findings, in plain text", async () => {
    const bodies = [
      ...["", "null", "7", '"text"', "{}", "[]", "[null]", "[[]]", "[{}]", "<html>", "{"],
      '{"message": "\\u001b[2J\\u009b\\u202e"}',
      '{"name": "process-image-generation", "status": "x", "missing": [null, 7], "invalid": [null, {}]}',
      '{"name": "process-image-generation", "status": "ok", "version": {}, "models": [{}]}',
      '{"provider": {"models": [null, 7, {}]}}',
      '[{"queue": null, "installed": true, "missing": [null], "last_runs": 7, "last_calls": [{}]}]',
    ];
    for (const body of bodies) {
      for (const status of [200, 207, 302, 400, 401, 403, 404, 406, 500, 546]) {
        const findings = await clinic.examine({ SUPABASE_ANON_KEY: publishableKey }, (request) => {
          const { pathname } = new URL(request.url);
          const isDoor = /\/(generation_jobs|bucket)$/.test(pathname);
          if (isDoor) return Promise.resolve(Response.json([]));
          return Promise.resolve(new Response(body, { status }));
        });
        deepEqual([...new Set(findings.map(({ check }) => check))], CHECKS);
        for (const { status, message, remedy } of findings) {
          // deno-lint-ignore no-control-regex -- none of those is to be there
          ok(!/[\x00-\x1f\x7f-\x9f\u202e]/.test(message), JSON.stringify(message));
          if (status === "failed") ok(remedy, message);
        }
      }
    }
  });

  await test.step("another version than this clone's", async () => {
    const found = wrong(await clinic.examine({}, undefined, "9.9.9"));
    deepEqual(checksOf(found, "warning"), ["functions"]);
    match(found[0].message, /process-image-generation is of version .*, this clone is of 9\.9\.9/);
    equal(found[0].remedy, "supabase functions deploy process-image-generation");
  });

  await test.step("it prints one document for programs, and lines for people", async () => {
    const lines: string[] = [];
    const surroundings = (environment: Record<string, string>) => ({
      environment: (name: string) => environment[name],
      print: (line: string) => lines.push(line),
      complain: (line: string) => lines.push(line),
      fetch: (request: Request) => fetch(request),
      now: Date.now,
      readFile: () => Promise.reject(new Error("nothing is read")),
      sleep: () => Promise.reject(new Error("nothing is waited for")),
    });
    equal(await doctor(version(), true, surroundings(clinic.environment)), 0);
    equal(lines.length, 1);
    const document = JSON.parse(lines.pop()!);
    equal(document.ok, true);
    deepEqual(Object.keys(document.findings[0]), ["check", "status", "message"]);

    equal(await doctor(version(), false, surroundings(clinic.environment)), 0);
    match(lines[0], /^ok +url +/);
    equal(lines.at(-1), "All is well.");

    lines.length = 0;
    equal(await doctor(version(), false, surroundings({})), 1);
    match(lines[0], /^FAILED +url +SUPABASE_URL is not set/);
    match(lines[1], /^ +export SUPABASE_URL=/);
  });

  await test.step("as it is typed", async () => {
    const typed = async (args: string[], environment: Record<string, string>) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", "--allow-env", "queue-trigger.ts", "doctor", ...args],
        cwd: ROOT,
        env: environment,
      }).output();
      const text = new TextDecoder();
      return { code, out: text.decode(stdout), err: text.decode(stderr) };
    };
    const plain = await typed([], clinic.environment);
    equal(plain.code, 0, plain.out + plain.err);
    match(plain.out, /All is well\.\n$/);
    const json = await typed(["--json"], { ...clinic.environment, SUPABASE_SECRET_KEY: "wrong" });
    equal(json.code, 1);
    equal(JSON.parse(json.out).ok, false);
    equal((await typed(["--nonsense"], clinic.environment)).code, 2);
  });
});

Deno.test("a provider's key that is wrong, and a door that is open", async () => {
  await using clinic = await Clinic.open({
    env: { GOOGLE_GENERATIVE_AI_API_KEY: "wrong-key", ALLOW_PUBLIC_TRIGGER: "true" },
  });
  const { publishableKey } = clinic.stack;
  const key = only(await clinic.examine(), "failed", "provider");
  match(key.message, /refuses the API key: API key not valid/);
  equal(key.remedy, "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY");

  const found = wrong(await clinic.examine({ SUPABASE_PUBLISHABLE_KEY: publishableKey }));
  const [door] = found;
  equal(door.check, "authorization");
  match(door.message, /ALLOW_PUBLIC_TRIGGER is on/);
  equal(door.remedy, "supabase secrets unset ALLOW_PUBLIC_TRIGGER");
});

Deno.test("a queue that is missing, until the migrations are run again", async () => {
  await using clinic = await Clinic.open({ functionsRoot: false, sqlPort: 0 });
  const ofDatabase = (findings: Finding[]) =>
    wrong(findings).filter(({ check }) => check !== "functions");
  await clinic.sql("select pgmq.drop_queue('video_generation_queue')");
  const findings = await clinic.examine();
  const { message, remedy } = only(ofDatabase(findings), "failed", "queues");
  match(message, /video_generation_queue is missing/);
  match(
    remedy!,
    /^printf '\\\\i %s\\n' supabase\/migrations\/\*\.sql \| psql .* --single-transaction /,
  );
  ok(checksOf(findings, "skipped").includes("failures"));

  await clinic.sql("select pgmq.create('video_generation_queue')");
  match(
    only(ofDatabase(await clinic.examine()), "failed", "migrations").message,
    /may not use .*generation_pending_jobs/,
  );

  const session = connect(clinic.stack.databaseUrl);
  try {
    await migrate(async (sql) => void (await session.unsafe(sql)));
  } finally {
    await session.end();
  }
  deepEqual(ofDatabase(await clinic.examine()), [], "the remedy mends it");
});

Deno.test("a function that is not deployed, and one without its secret", async () => {
  const folder = await withoutVideos();
  try {
    await using clinic = await Clinic.open({
      functionsRoot: `${folder}/supabase/functions`,
      env: { GOOGLE_GENERATIVE_AI_API_KEY: "", IMAGE_CONCURRENCY: "many" },
    });
    const findings = await clinic.examine();
    const found = wrong(findings);
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "functions"],
      ["failed", "functions"],
    ]);
    match(found[0].message, /GOOGLE_GENERATIVE_AI_API_KEY is not set; IMAGE_CONCURRENCY must be/);
    equal(
      found[0].remedy,
      "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=VALUE IMAGE_CONCURRENCY=VALUE",
    );
    match(found[1].message, /process-video-generation is not deployed/);
    equal(found[1].remedy, "supabase functions deploy process-video-generation");
    deepEqual(checksOf(findings, "skipped"), ["authorization", "provider"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what doctor looks for is what the migrations make", async () => {
  const database = await openMigratedPglite();
  try {
    const { rows } = await database.query<Described>(DESCRIBED);
    const functions = rows.filter(({ kind }) => kind === "function");
    deepEqual(
      Object.fromEntries(functions.map(({ name, arguments: names }) => [name, names])),
      Object.fromEntries(
        Object.entries(DATABASE_FUNCTIONS).map(([name, made]) => [name, made.arguments]),
      ),
    );
    deepEqual(
      rows.filter(({ kind }) => kind === "relation").map(({ name }) => name),
      RELATIONS,
    );
  } finally {
    await database.close();
  }
});

interface Described {
  kind: "function" | "relation";
  name: string;
  arguments: string[];
}

/** Everything of ours that PostgREST shows. */
const DESCRIBED = `
  select 'function' as kind, p.proname::text as name,
    coalesce(p.proargnames[1:p.pronargs], '{}') as arguments
  from pg_proc as p
  where p.pronamespace = 'public'::regnamespace
    and (p.proname like '%generation%' or p.proname = 'link_generated_asset')
  union all
  select 'relation', c.relname::text, '{}'
  from pg_class as c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
    and (c.relname like '%generation%' or c.relname like 'kv_store%')
  order by kind, name`;

interface Parameter {
  $ref?: string;
  in?: string;
  name?: string;
  schema?: { type: string; properties: Record<string, unknown> };
}

type Paths = Record<
  string,
  { get?: unknown; post?: { parameters: Parameter[] } }
>;

/** The paths of the document that PostgREST 12 to 14 make of it (makeProcPathItem in its OpenAPI.hs). */
function openApi(described: Described[]): Paths {
  return Object.fromEntries(described.map(({ kind, name, arguments: names }) => {
    if (kind === "relation") return [`/${name}`, { get: {} }];
    const properties = Object.fromEntries(names.map((argument) => [argument, { type: "string" }]));
    const body = {
      in: "body",
      name: "args",
      required: true,
      schema: { type: "object", properties },
    };
    const parameters = [body, { $ref: "#/parameters/preferParams" }];
    return [`/rpc/${name}`, { post: { tags: [`(rpc) ${name}`], parameters } }];
  }));
}

/** A failed job, by the way that a worker goes. */
async function failedJob(stack: Stack, kind: string, code: string, message: string): Promise<void> {
  const queue = `${kind}_generation_queue`;
  await stack.sql("select pgmq.send($1, $2::jsonb)", [
    queue,
    JSON.stringify({ storyboardId: "sb", prompt: "p" }),
  ]);
  await stack.sql(
    `select public.fail_generation_job($1, msg_id, lease_token, $2, $3)
     from public.claim_generation_jobs($1, 30, 1)`,
    [queue, code, message],
  );
}

/** The functions' folder as it would be with one of them only. */
async function withoutVideos(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const copy = async (path: string) => {
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    for await (const { name, isFile } of Deno.readDir(new URL(path, ROOT))) {
      if (isFile) {
        await Deno.copyFile(new URL(`${path}/${name}`, ROOT), `${folder}/${path}/${name}`);
      }
    }
  };
  await copy("pkg");
  await copy("supabase/functions/_shared");
  await copy("supabase/functions/process-image-generation");
  return folder;
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await holds()) {
    ok(Date.now() < deadline, "it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
