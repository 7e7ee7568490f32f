/**
 * `doctor` against a project that does not make progress: schedule, jobs, queues and webhooks. Each step
 * repairs what it broke.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Finding } from "../../cli/doctor/finding.ts";
import { migrate } from "../../local/database/migrate.ts";
import { eventually } from "../support/eventually.ts";
import { connect } from "../support/postgres.ts";
import type { Stack } from "../../local/stack/mod.ts";
import { checksOf, DoctorFixture, only, wrong } from "./doctor_fixture.ts";

Deno.test("a project that does not make progress", async (test) => {
  await using fixture = await DoctorFixture.open();
  const { stack } = fixture;

  await test.step("no schedule", async () => {
    await fixture.sql("select remove_generation_schedule()");
    const { message, remedy } = only(await fixture.examine(), "warning", "schedule");
    match(message, /No schedule is installed/);
    equal(remedy, `select install_generation_schedule('${stack.url}', 'YOUR_SECRET_KEY');`);
    await fixture.sql(remedy!.replace("YOUR_SECRET_KEY", stack.secretKey));
    deepEqual(wrong(await fixture.examine()), [], "the remedy repairs it");
  });

  await test.step("a message that cannot be claimed", async () => {
    const { message, remedy } = only(
      await fixture.whileBroken(
        `create function refuse() returns trigger language plpgsql as 'begin perform missing(); return new; end';
         create trigger refuse before update on generation_jobs for each row
           when (new.status = 'running') execute function refuse();
         select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
         select claim_generation_jobs('video_generation_queue', 30, 1)`,
        `drop function refuse cascade; delete from generation_private.claim_errors;
         select pgmq.purge_queue('video_generation_queue')`,
      ),
      "failed",
      "schedule",
    );
    match(
      message,
      /^Message \d+ of video_generation_queue cannot be claimed: function missing\(\) does not exist$/,
    );
    equal(remedy, "select queue, claim_errors from generation_schedule();");
  });

  await test.step("models in trouble", async () => {
    const trouble = (state: string, code: string) =>
      fixture.whileBroken(
        `insert into generation_models (model, state, rests_until, since, code, reason)
         values ('a-model', '${state}', now() + interval '1 min', now() - interval '1 min', '${code}', 'the reason')`,
        "delete from generation_models",
      );
    const refused = only(await trouble("refused", "location_refused"), "failed", "models");
    match(
      refused.message,
      /^a-model: refused since .* ago, next try in .*: location_refused: the reason$/,
    );
    match(
      refused.remedy!,
      /^update generation_worker_settings set region = 'us-east-1';\n.* reset /,
    );
    const resting = only(await trouble("resting", "provider_unavailable"), "warning", "models");
    match(resting.remedy!, /^# wait/);
  });

  await test.step("a schedule without its secret", async () => {
    const findings = await fixture.whileBroken(
      "update vault.secrets set name = 'mislaid' where name = 'worker_key'",
      "update vault.secrets set name = 'worker_key' where name = 'mislaid'",
    );
    const found = wrong(findings);
    deepEqual(checksOf(found, "failed"), ["schedule"]);
    match(found[0].message, /lacks the secret worker_key/);
    match(found[0].remedy!, /^select vault\.create_secret\(/);
  });

  await test.step("a schedule that fails, does not run, or calls in vain", async () => {
    /** The findings with a changed answer of the database about the image queue. */
    const examinedWith = (change: Record<string, unknown>) =>
      fixture.examine({}, async (request) => {
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
      [
        call(null, "fetch failed"),
        /failed: fetch failed \(http:.*process-image-generation\)/,
        /generation_schedule\(\);\nselect install_generation_schedule\('http/,
      ],
    ];
    for (const [change, said, repair] of cases) {
      const { message, remedy } = only(await examinedWith(change), "failed", "schedule");
      match(message, said);
      match(remedy!, repair);
    }
    deepEqual(wrong(await examinedWith(call(202))), []);
    deepEqual(
      wrong(await examinedWith({ last_runs: [], last_calls: [] })),
      [],
      "before the first run",
    );
  });

  await test.step("work that is stopped", async () => {
    const findings = await fixture.whileBroken(
      `update generation_worker_settings set most_workers = 0 where queue = 'image_generation_queue'`,
      "update generation_worker_settings set most_workers = 4",
    );
    const { message, remedy } = only(findings, "warning", "schedule");
    match(message, /most_workers is 0/);
    match(remedy!, /set most_workers = 4 where queue = 'image_generation_queue';$/);
  });

  await test.step("calls that are not answered, and messages that wait", async () => {
    await fixture.sql(
      `update generation_worker_settings set function_name = 'missing-function';
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "Waits"}')`,
    );
    await eventually("a call that is answered", async () => {
      const [{ answered }] = await stack.sql<{ answered: boolean }>(
        `select bool_or(jsonb_path_exists(last_calls, '$[*] ? (@.status_code == 404)')) as answered
         from generation_schedule()`,
      );
      return answered;
    });
    await fixture.sql("update pgmq.q_image_generation_queue set vt = now() - interval '7 minutes'");
    const found = wrong(await fixture.examine());
    deepEqual(checksOf(found, "failed"), ["schedule"]);
    match(found[0].message, /answered 404: missing-function is not deployed/);
    match(found[1].message, /for 7 min, and no worker has/);
    equal(found[1].remedy, "./process-queue.sh images");

    await fixture.sql("insert into generation_limits (model, jobs_in_flight) values ('m', 1)");
    const held = wrong(await fixture.examine()).at(-1)!;
    deepEqual([held.status, held.check], ["warning", "schedule"]);
    match(held.message, /a limit may hold it back/);
    equal(held.remedy, "select * from generation_limits_in_use;");
    await fixture.sql("delete from generation_limits");
    await fixture.sql(
      `select cancel_generation_job(id) from generation_jobs where status = 'queued';
update generation_worker_settings set function_name =
  case queue when 'image_generation_queue' then 'process-image-generation' else 'process-video-generation' end;
delete from generation_private.worker_calls`,
    );
  });

  await test.step("jobs that failed, with what repairs the cause", async () => {
    await fixture.sql(`update generation_worker_settings set most_workers = 0`);
    await failedJob(stack, "image", "storage_failed", "the bucket is full");
    await failedJob(stack, "image", "storage_failed", "the bucket is \x1b[31mfull");
    await failedJob(stack, "video", "submission_uncertain", "no answer");
    await failedJob(stack, "video", "api_key_invalid", "no such key");
    await failedJob(stack, "image", "no_image", "a text instead");
    await fixture.sql(`update generation_worker_settings set most_workers = 4`);
    const found = wrong(await fixture.examine());
    deepEqual(checksOf(found, "warning"), ["failures"]);
    const of = (code: string) => found.find(({ message }) => message.includes(code))!;
    match(of("storage_failed").message, /^2 image jobs have failed .*: the bucket is/);
    match(
      of("storage_failed").remedy!,
      /redrive_generation_jobs\(error_code => 'storage_failed', queue_name => 'image_generation_queue'\)/,
    );
    match(of("submission_uncertain").message, /^1 video job has failed/);
    match(of("no_image").remedy!, /^select id, storyboard_id, prompt, error_message/);
    match(of("submission_uncertain").remedy!, /array\['JOB-ID'\]/);
    match(of("api_key_invalid").remedy!, / redrive --error=api_key_invalid --kind=video$/);
    for (const { remedy } of found.filter(({ remedy }) => !remedy!.startsWith("supabase "))) {
      for (const statement of remedy!.split("\n-- ")[0].split(";\n")) await stack.sql(statement);
    }
    await fixture.sql("delete from generation_jobs where status = 'failed'");
  });

  await test.step("videos that take long", async () => {
    await fixture.sql(
      `insert into generation_jobs (queue, msg_id, status, message, enqueued_at, submitted_at, operation)
values ('video_generation_queue', 902, 'waiting', '{}', now(), now() - interval '16 minutes', '{"name": "o"}')`,
    );
    match(only(await fixture.examine(), "warning", "failures").message, /more than 15 minutes/);
    await fixture.sql("delete from generation_jobs where msg_id = 902");
  });

  await test.step("current objects that are behind", async () => {
    await fixture.sql(
      `insert into generation_publications (job_id, queue, choice, since)
values (gen_random_uuid(), 'image_generation_queue', 0, now() - interval '31 minutes')`,
    );
    match(
      only(await fixture.examine(), "warning", "publications").message,
      /of 1 jobs? are behind/,
    );
    await fixture.sql("delete from generation_publications");
  });

  await test.step("messages that the ledger lacks", async () => {
    const findings = await fixture.whileBroken(
      `update generation_worker_settings set most_workers = 0;
alter table pgmq.q_video_generation_queue disable trigger user;
insert into pgmq.q_video_generation_queue (vt, enqueued_at, message)
values (now() + interval '1 hour', now() - interval '2 minutes', '{}')`,
      `delete from pgmq.q_video_generation_queue;
alter table pgmq.q_video_generation_queue enable trigger user;
update generation_worker_settings set most_workers = 4`,
    );
    const queues = wrong(findings).filter(({ check }) => check === "queues");
    match(queues[0].message, /lacks messages of video_generation_queue/);
  });

  await test.step("webhooks without a secret, and webhooks that do not arrive", async () => {
    await fixture.sql("update generation_webhook_settings set hosts = array['hooks.example.com']");
    const { message, remedy } = only(await fixture.examine(), "failed", "webhooks");
    match(message, /webhook_secret/);
    await fixture.sql(remedy!);
    await fixture.sql(
      `insert into generation_jobs (id, queue, msg_id, status, message, enqueued_at, finished_at)
values ('00000000-0000-4000-8000-000000000901', 'image_generation_queue', 901, 'succeeded', '{}', now(), now());
insert into generation_webhooks (job_id, ended_at, url, event, status, attempts, next_attempt_at, error)
select id, finished_at, 'https://hooks.example.com/x?token=abc', '{}', 'failed', 10, null, 'no answer in time'
from generation_jobs where msg_id = 901`,
    );
    const trouble = only(await fixture.examine(), "warning", "webhooks");
    match(
      trouble.message,
      /^1 webhooks? do not arrive; the last at hooks\.example\.com: no answer/,
    );
    ok(!trouble.message.includes("abc"));
    await fixture.sql("delete from generation_jobs where msg_id = 901");
  });

  await test.step("all is well again", async () => {
    deepEqual(wrong(await fixture.examine()), []);
  });
});

Deno.test("a queue that is missing, until the migrations are run again", async () => {
  await using fixture = await DoctorFixture.open({ functionsRoot: false });
  // The schedule may have run in between; its failure is told until it runs again.
  const ofDatabase = (findings: Finding[]) =>
    wrong(findings).filter(({ check }) => check !== "functions" && check !== "schedule");
  await fixture.sql("select pgmq.drop_queue('video_generation_queue')");
  const findings = await fixture.examine();
  const { message, remedy } = only(ofDatabase(findings), "failed", "queues");
  match(message, /video_generation_queue is missing/);
  match(
    remedy!,
    /^printf '\\\\i %s\\n' supabase\/migrations\/\*\.sql \| psql .* --single-transaction /,
  );
  ok(checksOf(findings, "skipped").includes("failures"));

  await fixture.sql("select pgmq.create('video_generation_queue')");
  match(
    only(ofDatabase(await fixture.examine()), "failed", "queues").message,
    /generation_pending_jobs failed \(403: permission denied/,
  );

  const session = connect(fixture.stack.databaseUrl);
  try {
    await migrate(async (sql) => void (await session.unsafe(sql)));
  } finally {
    await session.end();
  }
  deepEqual(ofDatabase(await fixture.examine()), [], "the remedy repairs it");
});

/** Fails a job as a worker does. */
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
