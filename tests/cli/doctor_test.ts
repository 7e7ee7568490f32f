/** `doctor` as a whole: what it finds in a healthy project, leaves alone, and prints. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { doctor } from "../../cli/doctor/doctor.ts";
import { version } from "../../pkg/generation_queue.js";
import { CHECKS, checksOf, Clinic, ROOT, wrong } from "./clinic.ts";

Deno.test("a project that is as it should be", async (test) => {
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
