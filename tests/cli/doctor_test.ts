/** `doctor` as a whole: its findings in a healthy project, that it changes nothing, and its output. */
import { linesOf } from "../../cli/commands/doctor.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import * as core from "../../pkg/generation_queue.js";
import { CHECKS, checksOf, DoctorFixture, ROOT, wrong } from "./doctor_fixture.ts";
import { run } from "./support.ts";

Deno.test("the placeholder of .env.example is no secret that hides the remedy", async () => {
  const environment = {
    SUPABASE_URL: "http://127.0.0.1:1",
    SUPABASE_SECRET_KEY: "YOUR_SECRET_KEY",
  };
  const { out } = await run(["doctor"], environment);
  match(out.join("\n"), /export SUPABASE_SECRET_KEY=YOUR_SECRET_KEY /);
});

Deno.test("a project that is as it should be", async (test) => {
  await using fixture = await DoctorFixture.open();
  const { stack, simulator } = fixture;
  const { publishableKey } = stack;

  await test.step("all is well", async () => {
    const findings = await fixture.examine();
    deepEqual(wrong(findings), []);
    deepEqual(checksOf(findings, "ok"), CHECKS);
  });

  await test.step("the doctor changes nothing", async () => {
    await fixture.sql(
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
    await fixture.examine();
    deepEqual(await seen(), before);
    equal(simulator.accepted("image") + simulator.accepted("video"), 0);
    await fixture.sql(
      `select cancel_generation_job(id) from generation_jobs;
update generation_worker_settings set most_workers = 4`,
    );
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
        const findings = await fixture.examine({ SUPABASE_ANON_KEY: publishableKey }, (request) => {
          const { pathname } = new URL(request.url);
          const isAccess = /\/(generation_jobs|bucket)$/.test(pathname);
          if (isAccess) return Promise.resolve(Response.json([]));
          return Promise.resolve(new Response(body, { status }));
        });
        deepEqual([...new Set(findings.map(({ check }) => check))], CHECKS);
        for (const { status, message, remedy } of findings) {
          // deno-lint-ignore no-control-regex -- none of those may occur
          ok(!/[\x00-\x1f\x7f-\x9f\u202e]/.test(message), JSON.stringify(message));
          if (status === "failed") ok(remedy, message);
        }
      }
    }
  });

  await test.step("another version than this clone's", async () => {
    const found = wrong(await fixture.examine({}, undefined, "9.9.9"));
    deepEqual(checksOf(found, "warning"), ["functions"]);
    match(
      found[0].message,
      /process-image-generation is deployed in version .*, and this clone is version 9\.9\.9/,
    );
    equal(found[0].remedy, "supabase functions deploy process-image-generation");
  });

  await test.step("it prints one document for programs, and lines for people", async () => {
    const printed = async (args: string[], environment: Record<string, string>) => {
      const { slept, ...outcome } = await run(["doctor", ...args], environment, {}, core);
      equal(slept, 0);
      return outcome;
    };
    const json = await printed(["--json"], fixture.environment);
    deepEqual([json.code, json.out.length], [0, 1]);
    const document = JSON.parse(json.out[0]);
    equal(document.ok, true);
    deepEqual(Object.keys(document.findings[0]), ["check", "status", "message"]);

    const healthy = await printed([], fixture.environment);
    equal(healthy.code, 0);
    match(healthy.out[0], /^ok +url +/);
    equal(healthy.out.at(-1), "All is well.");

    const empty = await printed([], {});
    equal(empty.code, 1);
    match(empty.out[0], /^FAILED +url +SUPABASE_URL is not set/);
    match(empty.out[1], /^ +export SUPABASE_URL=/);
  });

  await test.step("it needs no more permissions than the README gives it", async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", "--allow-env", "queue-trigger.ts", "doctor"],
      cwd: ROOT,
      env: fixture.environment,
    }).output();
    const out = new TextDecoder().decode(stdout);
    equal(code, 0, out + new TextDecoder().decode(stderr));
    match(out, /All is well\.\n$/);
  });
});

Deno.test("the doctor counts one warning and two", () => {
  const warning: Finding = { check: "clock", status: "warning", message: "It is late." };
  const last = (findings: Finding[]) => linesOf(findings).at(-1)!.split(" Remedies")[0];
  equal(last([warning]), "0 failed, 1 warning, 0 skipped.");
  equal(last([warning, warning]), "0 failed, 2 warnings, 0 skipped.");
});
