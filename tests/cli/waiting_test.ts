import { deepEqual, equal, match } from "node:assert/strict";
import { changed, type Course, startProject } from "./support.ts";

const ARGS = ["video", "Lion walking", "--wait"];

Deno.test("--wait shows every change until the job has succeeded", async () => {
  await using project = startProject({
    course: [
      { status: "queued", position: 3 },
      { status: "queued", position: 3 },
      { status: "running", attempts: 1 },
      { status: "waiting", attempts: 1 },
      { status: "queued", attempts: 1, error: { code: "provider_unavailable", message: "503" } },
      { status: "running", attempts: 2 },
      { status: "succeeded", attempts: 2, asset_url: "http://project/video.mp4" },
    ],
  });
  const { code, out, slept } = await project.run(ARGS);
  equal(code, 0);
  deepEqual(out.slice(2), [
    changed(1, "queued, number 3 in the queue"),
    changed(1, "running"),
    changed(1, "the provider is making the video"),
    changed(1, "queued again after attempt 1: provider_unavailable: 503"),
    changed(1, "running, attempt 2"),
    changed(1, "succeeded: http://project/video.mp4"),
  ]);
  equal(slept, 6);
});

Deno.test("a job that fails or is cancelled gives exit code 1 and its reason", async () => {
  const error = { code: "content_blocked", message: "blocked: SAFETY" };
  for (const status of ["failed", "cancelled"] as const) {
    await using project = startProject({
      course: [{ status, error: status === "failed" ? error : null }],
    });
    const { code, out } = await project.run(ARGS);
    equal(code, 1);
    const reason = status === "failed" ? ": content_blocked: blocked: SAFETY" : "";
    equal(out.at(-1), changed(1, status + reason));
  }
});

Deno.test("a source image that cannot be used fails with what to do about it", async () => {
  const error = { code: "source_image_unusable", message: "the source image's host h is private" };
  await using project = startProject({ course: [{ status: "failed", error }] });
  const advice = /on a public host or in Storage: the console stores what is dropped on a scene\.$/;
  match((await project.run(ARGS)).out.at(-1)!, advice);
});

Deno.test("a passing failure does not end the waiting, a lasting one does", async () => {
  let failures = 3;
  await using project = startProject({
    answer: ({ name }) =>
      name === "generation_job" && failures-- > 0
        ? new Response("unavailable", { status: 503 })
        : undefined,
  });
  equal((await project.run(ARGS)).code, 0);

  failures = Infinity;
  const { code, err, slept } = await project.run(ARGS);
  equal(code, 1);
  match(err.join("\n"), /lost sight of job .*503/);
  equal(slept, 9);
});

Deno.test("--wait says which scene or character has no row that shows the asset", async () => {
  const entities = [
    { slot: "scene", key: "scene:s:1", outcome: "not_found" },
    { slot: "character", key: "character:s:hero", outcome: "superseded" },
  ];
  await using project = startProject({
    course: [{ status: "succeeded", asset_url: "http://a", entities }],
  });
  const said = "scene:s:1 is not in the table of entities: stored, but no row was updated";
  const { code, out } = await project.run(ARGS);
  deepEqual([code, out.at(-1)], [0, said]);
  const json = await project.run([...ARGS, "--json"]);
  deepEqual(json.out.map((line) => JSON.parse(line).entities), [entities]);

  const readFile = () => Promise.resolve('["a", "b"]');
  const batch = await project.run(["batch-images", "f", "--wait"], { readFile });
  deepEqual(batch.out.slice(-2), [said, said]);
  match(project.selected.at(-1)!, /,entities$/);
});

Deno.test("a job that no longer exists ends the waiting", async () => {
  await using project = startProject({
    answer: ({ name }) => name === "generation_job" ? Response.json(null) : undefined,
  });
  const { code, err } = await project.run(ARGS);
  equal(code, 1);
  match(err.join("\n"), /there is no job/);
});

Deno.test("a queue without a worker gets a hint, once", async () => {
  const course: Course = Array.from({ length: 70 }, () => ({ status: "queued", position: 1 }));
  await using project = startProject({
    course: [...course, { status: "succeeded", asset_url: "http://a" }],
  });
  const { code, err } = await project.run(ARGS);
  equal(code, 0);
  equal(err.length, 1);
  match(err[0], /still queued.*process-queue\.sh videos/);
});

Deno.test("at a terminal the jobs are a live table, and their ends are printed below it", async () => {
  await using project = startProject({
    course: [{ status: "queued", position: 1 }, { status: "succeeded", asset_url: "http://a" }],
  });
  let drawn = "";
  const { out } = await project.run(ARGS, {
    screen: { write: (text) => drawn += text, size: () => ({ columns: 80, rows: 24 }) },
  });
  const [first, second] = drawn.split("\x1b[1A");
  match(first, /queued/);
  match(second, /succeeded/);
  equal(drawn.endsWith("\x1b[?25h"), true);
  deepEqual(out.slice(2), [changed(1, "succeeded: http://a")]);
});
