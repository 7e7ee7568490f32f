/** The operators' commands against a real installation with the provider simulator behind it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { TestProject } from "../support/test_project.ts";
import { RUN, shell, start } from "./shell.ts";
import { jobId, run } from "./support.ts";

type Row = Record<string, unknown>;

/** A time limit, in milliseconds. */
function delay(milliseconds: number) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, milliseconds, undefined);
  return { over: promise, cancel: () => clearTimeout(timer) };
}

/** Runs a command in this process; answers its exit code and what it printed. */
async function operate(project: TestProject, line: string) {
  const args = [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
  const { code, out, err } = await run(args, project.variables);
  return { code, out: [...out, ""].join("\n"), err: [...err, ""].join("\n") };
}

/** The same with --json; what it printed has to be one document. */
async function json<T>(project: TestProject, line: string, expected = 0): Promise<T> {
  const { code, out, err } = await operate(project, `${line} --json`);
  equal(code, expected, out + err);
  return JSON.parse(out);
}

/** Two jobs that succeed, one that fails, one that waits, one that the provider makes. */
async function populate(project: TestProject) {
  const storyboardId = project.storyboard();
  await project.entity(`scene:${storyboardId}:s1`);
  const made = await project.send("image", { storyboardId, sceneId: "s1", prompt: "A cliff" });
  const video = await project.send("video", { storyboardId, prompt: "Lion walking" });
  const blocked = await project.send("image", { storyboardId, prompt: " " });
  await project.run("image");
  await project.run("video");
  const queued = await project.send("image", {
    storyboardId,
    characterId: "hero",
    owner: "ada & co",
    prompt: "Warrior \u001b[31mportrait",
  });
  return { storyboardId, made, video, blocked, queued };
}

Deno.test("operators see, cancel and redrive jobs from the command line", async (test) => {
  await using project = await TestProject.start();
  const { storyboardId, made, video, blocked, queued } = await populate(project);

  await test.step("status", async () => {
    const { code, out } = await operate(project, "status");
    equal(code, 0);
    match(out, /images {4}1 visible \(the first for [\d.]+ m?s\), 0 in flight, 0 delayed/);
    match(out, /1 succeeded, 1 failed, 0 cancelled/);
    match(out, /failed {4}1 image: invalid_message, the last \d.* ago/);
    match(out, /cost {6}\$0\.84 today/);
    match(out, /schedule {2}images: not installed/);
    const status = await json<{ queues: Row[]; cost_usd_today: number; schedule: Row[] }>(
      project,
      "status",
    );
    deepEqual(status.queues.map(({ queued, succeeded }) => [queued, succeeded]), [[1, 1], [0, 1]]);
    ok(Math.abs(status.cost_usd_today - 0.839) < 0.01);
    equal(status.schedule.length, 2);
    equal(status.schedule[0].most_workers, 4);
  });

  await test.step("status shows limits", async () => {
    await project.stack.sql(
      `insert into generation_limits (model, requests_per_minute, jobs_in_flight)
       values ('banana', null, 0), ('veo', 10, 2), ('gemini-2.5-flash-image', 0, null)`,
    );
    const { out } = await operate(project, "status");
    match(out, /^limit {5}banana: 0 of 0 in flight: its jobs have to wait$/m);
    match(out, /^limit {5}veo: 0 of 10 begun in a minute, 0 of 2 in flight$/m);
    const { limits } = await json<{ limits: Row[] }>(project, "status");
    equal(limits.length, 3);
    match(
      (await operate(project, `show ${queued}`)).out,
      /^waits_for +a limit: gemini-2\.5-flash-image is stopped$/m,
    );
    await project.stack.sql("delete from generation_limits");
  });

  await test.step("models in trouble are shown, and reset by hand", async () => {
    await project.stack.sql(
      `insert into generation_models (model, state, rests_until, since, code, reason) values
         ('gemini-2.5-flash-image', 'refused', now() + interval '10 min', now() - interval '20 min',
           'api_key_invalid', 'reported as leaked'),
         ('gemini-nano-banana-2.1', 'resting', now() + interval '1 min', now(),
           'provider_unavailable', 'overloaded')`,
    );
    const { out } = await operate(project, "status");
    match(
      out,
      /^model {5}gemini-2\.5-flash-image: refused since 20 min ago, next try in 10 min: api_key_invalid: reported as leaked$/m,
    );
    match(out, /^ +supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY$/m);
    match(out, /^model {5}gemini-nano-banana-2\.1: resting .* 1 job waits: provider_unavailable/m);
    match((await operate(project, "metrics")).out, /gemini-nano-banana-2\.1 +\| image +\| resting/);
    const { out: scraped } = await operate(project, "metrics --prometheus");
    match(
      scraped,
      /^generation_model_state\{model="gemini-2\.5-flash-image",kind="image",state="refused"\} 1$/m,
    );
    match(
      scraped,
      /^generation_model_waiting_jobs\{model="gemini-nano-banana-2\.1",kind="image"\} 1$/m,
    );
    match(
      (await operate(project, `show ${queued}`)).out,
      /^waits_for +gemini-nano-banana-2\.1, which is resting, next try in .*: provider_unavailable: overloaded$/m,
    );

    match(
      (await operate(project, "list")).out,
      new RegExp(`^ ${queued} .* waits for gemini-nano-banana-2\\.1: provider_unavailable`, "m"),
    );

    deepEqual(await json(project, "reset models/gemini-2.5-flash-image"), [
      "gemini-2.5-flash-image",
    ]);
    match((await operate(project, "reset")).out, /^gemini-nano-banana-2\.1 takes jobs again$/m);
    match((await operate(project, "reset")).out, /^No model is resting\.$/m);
    match((await operate(project, "status")).out, /^model {5}gemini-2\.5-flash-image: ok$/m);
    match(
      (await operate(project, "reset gemini-2.5-flash-image")).out,
      /^gemini-2\.5-flash-image is not resting\.$/m,
    );
    const typo = await operate(project, "reset gemini-nanobanana");
    equal(typo.code, 2);
    match(typo.err, /no worker has a model gemini-nanobanana\. Known: .*gemini-nano-banana-2\.1/);
  });

  await test.step("show lists webhooks", async () => {
    const webhookUrl = "https://elsewhere.example.com/";
    const id = await project.send("image", { storyboardId, prompt: "p", webhookUrl });
    await project.stack.sql("select cancel_generation_job($1)", [id]);
    const { out } = await operate(project, `show ${id}`);
    match(
      out,
      /^webhook +[0-9a-f-]{36} waiting \(attempts: 0\) https:\/\/elsewhere\.example\.com\//m,
    );
    await project.stack.sql("delete from generation_jobs where id = $1", [id]);
  });

  await test.step("list", async () => {
    const ids = async (flags: string) =>
      (await json<{ id: string }[]>(project, `list ${flags}`)).map(({ id }) => id);
    deepEqual(await ids(""), [queued, blocked, video, made]);
    deepEqual(await ids("--limit=1"), [queued]);
    deepEqual(await ids("--status=failed"), [blocked]);
    deepEqual(await ids("--kind=video"), [video]);
    deepEqual(await ids(`--storyboard=${storyboardId} --scene=s1`), [made]);
    deepEqual(await ids("--owner='ada & co'"), [queued]);
    deepEqual(await ids("--error=invalid_message --since=1h"), [blocked]);
    deepEqual(await ids("--since=2999-01-01"), []);
    const { out } = await operate(project, "list");
    match(out, /^ job .*\| kind .*\| status .*\| for /);
    match(out, new RegExp(`${blocked} \\| image \\| failed .*invalid_message: `));
    equal(out.includes("--limit=N"), false);
    match((await operate(project, "list --limit=2")).out, /the newest 2: --limit=N shows more/);
    match((await operate(project, "list --scene=none")).out, /^no jobs/);
  });

  await test.step("show", async () => {
    const { code, out } = await operate(project, `show ${made}`);
    equal(code, 0);
    match(out, /^asset_url +http.*\.png$/m);
    match(out, new RegExp(`^entity +scene:${storyboardId}:s1 linked$`, "m"));
    match(out, /^finished_at .* ago\)$/m);
    match(out, /^cost +\$0\.0387$/m);
    await project.stack.sql("update generation_jobs set cost_usd = null where id = $1", [video]);
    const priceless = await operate(project, `show ${video}`);
    match(priceless.out, /^cost +unknown: no price is known for veo-3\.1-fast-generate-preview$/m);
    const other = await operate(project, `show ${queued}`);
    match(other.out, /^prompt +Warrior {1,2}\[31mportrait$/m);
    const { status, message, webhooks } = await json<Row>(project, `show ${video}`);
    equal(status, "succeeded");
    deepEqual(message, { storyboardId, prompt: "Lion walking" });
    deepEqual(webhooks, []);
    match(out, /^id .*\nkind +image\nstatus +succeeded\nattempts +1\n/);
    const unknown = await operate(project, `show ${jobId(7)}`);
    deepEqual([unknown.code, unknown.err.trim()], [1, `There is no job ${jobId(7)}.`]);
  });

  await test.step("metrics", async () => {
    const { code, out } = await operate(project, "metrics");
    equal(code, 0);
    match(out, /Latency of the last 24 hours\n kind .*\n.*\n image \| +1 \|/);
    match(out, / image \| invalid_message \| +1 \|/);
    const figures = await json<Record<string, Row[]>>(project, "metrics");
    deepEqual(figures.latency.map(({ kind, jobs }) => [kind, jobs]), [["image", 1], ["video", 1]]);
    equal(figures.costs.length, 2);
    const { out: exposition } = await operate(project, "metrics --prometheus");
    match(exposition, /^generation_jobs{queue="image_generation_queue",status="failed"} 1$/m);
    match(exposition, /^generation_latency_seconds{kind="image",phase="took",quantile="0.95"} \d/m);
    for (const line of exposition.trim().split("\n")) {
      match(
        line,
        /^(# (HELP|TYPE) generation_\w+ .+|generation_\w+\{\w+="[^"]*"(,\w+="[^"]*")*\} \d+(\.\d+)?(e-\d+)?)$/,
      );
    }
  });

  await test.step("redrive", async () => {
    const left = await json<{ redriven: string[]; left: Row[] }>(project, `redrive ${made}`, 1);
    deepEqual(left, { redriven: [], left: [{ job_id: made, reason: "it is succeeded" }] });
    const unknown = await operate(project, `redrive ${jobId(7)}`);
    match(unknown.out, /^0 redriven\n.*there is no such job/);
    const careful = await operate(project, `redrive ${blocked} --forget-operation`);
    equal(careful.code, 2);
    match(careful.err, /a second time\. Nothing was changed: confirm with --yes/);
    match((await operate(project, "redrive --all")).err, /All failed image and video jobs/);
    equal((await project.job(blocked)).status, "failed");
    deepEqual((await json<Row>(project, `redrive ${blocked}`)).redriven, [blocked]);
    equal((await project.job(blocked)).status, "queued");
    await project.run("image", { maxJobs: 1 });
    match((await operate(project, "redrive --error=invalid_message")).out, /^1 redriven/);
    await project.run("image", { maxJobs: 1 });
    match((await operate(project, "redrive --all --yes")).out, /^1 redriven/);
  });

  await test.step("cancel", async () => {
    const one = await operate(project, `cancel ${blocked} ${made}`);
    equal(one.code, 1);
    match(
      one.out,
      new RegExp(`${blocked} {2}cancelled\n${made} {2}not cancelled: it has succeeded`),
    );
    const asked = await operate(project, `cancel --storyboard=${storyboardId}`);
    equal(asked.code, 2);
    match(asked.err, /^1 would be cancelled\. Nothing was changed: confirm with --yes/);
    equal((await project.job(queued)).status, "queued");
    deepEqual(await json(project, `cancel --storyboard=${storyboardId} --yes`), [
      { job_id: queued, cancelled: true, status: "cancelled" },
    ]);
    match((await operate(project, "cancel --all")).out, /^0 cancelled/);
  });

  await test.step("choose an older version", async () => {
    const later = await project.send("image", { storyboardId, sceneId: "s1", prompt: "A bay" });
    await project.run("image");
    const shown = async () =>
      (await project.stack.sql<{ url: string }>(
        "select image_url as url from generation_entities where key = $1",
        [`scene:${storyboardId}:s1`],
      ))[0].url;
    const newest = await shown();
    match(newest, new RegExp(`/${later}\\.png$`));
    const { code, out } = await operate(project, `choose ${made}`);
    equal(code, 0);
    match(
      out,
      new RegExp(`^scene:${storyboardId}:s1 shows http\\S+/scenes/s1/${made}\\.png$`, "m"),
    );
    match(await shown(), new RegExp(`/${made}\\.png$`));
    match((await operate(project, `show ${made}`)).out, /^chosen_at +\d/m);
    equal((await json<Row>(project, `choose ${later}`)).asset_url, newest);
    const wrong = await operate(project, `choose ${blocked}`);
    equal(wrong.code, 1);
    match(wrong.err, /^job_id: expected a job that has succeeded, and this one is cancelled/);
  });

  await test.step("process, and watch what happens", async () => {
    const id = await project.send("image", { storyboardId, prompt: "A dragon flying" });
    const doomed = await project.send("image", { storyboardId, prompt: "" });
    const watching = start(
      `${RUN} watch --until-empty --interval=0.1`,
      project.variables,
      "2 queued",
    );
    await watching.said;
    const { code, out } = await operate(project, "process images");
    equal(code, 1, "one has failed");
    match(out, new RegExp(`succeeded {2}job ${id} {2}http`));
    match(out, new RegExp(`failed {5}job ${doomed} {2}invalid_message: `));
    match(out, /jobs: 2 {2}succeeded: 1 {2}failed: 1/);
    const watched = await watching.outcome;
    equal(watched.code, 0);
    match(
      watched.out,
      new RegExp(`^[\\d:]{8} ${id} {2}image ${storyboardId} {2}succeeded: http`, "m"),
    );
    match(
      watched.out,
      new RegExp(`^[\\d:]{8} ${doomed} {2}image ${storyboardId} {2}failed: invalid_`, "m"),
    );
    match(watched.out, /images: 1 failed {3}videos: idle/);
    equal(watched.out.includes(made), false, "what ended before is no news");

    const named = await operate(project, `watch ${id} ${doomed}`);
    equal(named.code, 1, "one has failed");
    match(
      named.out,
      new RegExp(
        `^\\S+ ${id} .* {2}succeeded: http.*\n\\S+ ${doomed} .* {2}failed: invalid_message`,
      ),
    );
    const lines = (await operate(project, `watch ${id} --json`)).out.trim().split("\n");
    deepEqual(lines.map((line) => JSON.parse(line).status), ["succeeded"]);

    const report = await json<Record<string, Row>>(project, "process all --max-jobs=1");
    deepEqual(Object.values(report).map(({ claimed }) => claimed), [0, 0]);
    const started = await operate(project, "process videos --background");
    match(started.out, /started; the run continues by itself/);
  });

  await test.step("a watch ends with the next change after its pipe is closed", async () => {
    const later = await project.send("image", { storyboardId, prompt: "A mill" });
    // The queued job would keep it going.
    const line = `${RUN} watch --until-empty --interval=0.1 | head -n 1`;
    const watching = start(line, project.variables, "1 queued");
    await watching.said;
    const change = await project.send("image", { storyboardId, prompt: "A barn" });
    await operate(project, `cancel ${change}`);
    const deadline = delay(20_000);
    const outcome = await Promise.race([watching.outcome, deadline.over]);
    deadline.cancel();
    await operate(project, `cancel ${later}`); // which ends a watch that goes on
    equal(outcome?.code, 0);
    await watching.outcome;
  });

  await test.step("what goes wrong is reported", async () => {
    const wrong = { ...project.variables, SUPABASE_SECRET_KEY: "sb_secret_wrong" };
    for (const line of [["status"], ["list"], ["process", "images"]]) {
      const { code, err } = await run(line, wrong);
      equal(code, 1);
      match(err[0], /refused/);
    }
    const gone = { SUPABASE_URL: "http://127.0.0.1:1", SUPABASE_SECRET_KEY: "sb_secret_wrong" };
    match((await run(["status"], gone)).err[0], /http:\/\/127\.0\.0\.1:1 cannot be reached/);

    // As it is typed, with the permissions that the README gives.
    const typed = await shell(`${RUN} status`, project.variables);
    equal(typed.code, 0, typed.out + typed.err);

    await project.stack.sql("drop view generation_latency");
    await project.stack.sql("notify pgrst, 'reload schema'");
    const { code, err } = await operate(project, "metrics");
    equal(code, 1);
    match(err, /no table generation_latency: its migrations .*\n {2}npx supabase db push --remote/);
  });
});
