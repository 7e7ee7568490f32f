import { deepEqual, equal, match } from "node:assert/strict";
import { changed, jobId, run, sent, startProject } from "./support.ts";

function withFile(content: unknown) {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return { readFile: () => Promise.resolve(text) };
}

const sentFrom = (content: unknown, ...args: string[]) => sent(args, withFile(content));

Deno.test("test-prompts.json works with both batch commands", async () => {
  const file = await Deno.readTextFile(new URL("../../test-prompts.json", import.meta.url));
  const content = JSON.parse(file);
  const images = await sentFrom(file, "batch-images", "test-prompts.json");
  deepEqual(
    images,
    content.images.map((entry: object) => ({
      queue: "image_generation_queue",
      message: { storyboardId: content.storyboardId, ...entry },
    })),
  );
  const videos = await sentFrom(file, "batch-videos", "test-prompts.json");
  equal(videos.length, content.videos.length);
  equal(videos[0].queue, "video_generation_queue");
});

Deno.test("a file may be a bare list, and an entry a mere prompt", async () => {
  const messages = await sentFrom(
    ["A castle", { prompt: "A moat", extra: 1 }],
    "batch-images",
    "f",
    "--yes",
  );
  deepEqual(messages.map(({ message }) => message), [
    { storyboardId: "storyboard-001", prompt: "A castle" },
    { storyboardId: "storyboard-001", prompt: "A moat", extra: 1 },
  ]);
});

Deno.test("an entry's storyboard wins over the flag's, and the flag's over the file's", async () => {
  const content = {
    storyboardId: "of-file",
    images: ["a", { prompt: "b", storyboardId: "of-entry" }],
  };
  const storyboards = async (...flags: string[]) =>
    (await sentFrom(content, "batch-images", "f", ...flags))
      .map(({ message }) => (message as { storyboardId: string }).storyboardId);
  deepEqual(await storyboards(), ["of-file", "of-entry"]);
  deepEqual(await storyboards("--storyboard=of-flag"), ["of-flag", "of-entry"]);
});

Deno.test("a byte order mark at the beginning is skipped", async () => {
  equal((await sentFrom('\uFEFF["a"]', "batch-images", "f")).length, 1);
});

Deno.test("ids are reported by entry, in the order of the file", async () => {
  await using project = startProject();
  const { out } = await project.run(
    ["batch-images", "f", "--wait"],
    withFile({ images: ["a", "b"] }),
  );
  deepEqual(out, [
    `images[0] job id: ${jobId(1)}  message id: 101`,
    `images[1] job id: ${jobId(2)}  message id: 102`,
    `2 jobs put on image_generation_queue at ${project.url}`,
    ...[1, 2].map((n) => changed(n, "succeeded: http://asset")),
  ]);
});

Deno.test("all entries are checked before the first is sent; faults name index and field", async () => {
  await using project = startProject();
  const { code, err } = await project.run(
    ["batch-videos", "f"],
    withFile({ videos: ["fine", { prompt: "x", durationSeconds: "5" }, {}, 7, null] }),
  );
  equal(code, 2);
  const text = err.join("\n");
  match(text, /videos\[1\]\.durationSeconds: expected/);
  match(text, /videos\[2\]\.prompt: expected/);
  match(text, /videos\[3\]\.prompt: expected/);
  match(text, /videos\[4\]\.prompt: expected/);
  equal(/videos\[0\]/.test(text), false);
  deepEqual(project.calls, []);
});

Deno.test("a field that messages do not have is named, and nothing is sent without --yes", async () => {
  await using project = startProject();
  const content = {
    storyboard: "lighthouse",
    images: [{ prompt: "a", sceneID: "1" }, { prompt: "b", sceneID: "2", lens: "50 mm" }],
  };
  const named = [
    "  storyboard: there is no such field. Did you mean storyboardId?",
    "  images[0].sceneID (and in 1 more): messages have no such field. Did you mean sceneId?",
    "  images[1].lens: messages have no such field.",
  ].join("\n");
  const args = ["batch-images", "f"];
  for (const flags of [[], ["--json"]]) {
    const { code, out, err } = await project.run([...args, ...flags], withFile(content));
    deepEqual([code, out], [2, []]);
    equal(
      err.join("\n").startsWith(
        `Nothing was sent: confirm with --yes that this is ignored.\n${named}`,
      ),
      true,
    );
  }
  deepEqual(project.calls, []);

  const { code, out, err } = await project.run([...args, "--json", "--yes"], withFile(content));
  deepEqual([code, JSON.parse(out[0]).length], [0, 2]);
  deepEqual(err, [`Ignored:\n${named}`]);
});

Deno.test("a field that is missing because it is misspelled is named as well", async () => {
  const { err } = await run(["batch-images", "f"], {}, withFile([{ promt: "a" }]));
  match(err.join("\n"), /\[0\]\.prompt: expected .*\n {2}\[0\]\.promt: .* Did you mean prompt\?/);
});

Deno.test("an error says what a file without entries lacks", async () => {
  const cases: [unknown, RegExp][] = [
    ["{", /not JSON/],
    ["", /not JSON/],
    [{}, /no list "images"/],
    ["null", /no list "images"/],
    ["7", /no list "images"/],
    [{ images: {} }, /no list "images"/],
    [{ videos: ["a"] }, /no list "images"/],
    [[], /empty/],
    [{ images: [] }, /empty/],
  ];
  for (const [content, expected] of cases) {
    const { code, err } = await run(["batch-images", "f"], {}, withFile(content));
    equal(code, 2);
    match(err.join("\n"), expected);
  }
});

Deno.test("an error says why a file cannot be read", async () => {
  const failing = (error: Error) =>
    run(["batch-images", "prompts.json"], {}, { readFile: () => Promise.reject(error) });
  const cases: [Error, RegExp][] = [
    [new Deno.errors.NotFound(), /no file prompts\.json/],
    [new Deno.errors.NotCapable(), /--allow-read queue-trigger\.ts batch-images prompts\.json/],
    [new Error("is a directory"), /cannot be read: is a directory/],
  ];
  for (const [error, expected] of cases) {
    const { code, err } = await failing(error);
    equal(code, 2);
    match(err.join("\n"), expected);
  }
});

Deno.test("an interrupted batch reports what was already sent", async () => {
  await using project = startProject({
    answer: (_call, index) => index === 2 ? new Response("gone", { status: 503 }) : undefined,
  });
  const { code, out, err } = await project.run(
    ["batch-images", "f"],
    withFile(["a", "b", "c", "d"]),
  );
  equal(code, 1);
  equal(out.length, 2);
  match(err.join("\n"), /\[2\] was not sent.*503/);
  match(err.join("\n"), /The 2 before it are on the queue/);
  equal(project.calls.length, 3);
});
