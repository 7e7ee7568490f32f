/**
 * The command lines that users were promised, as they type them: the real tools, with exactly the
 * permissions that the lines give, against the local stack.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import * as core from "../../pkg/generation_queue.js";
import { TestProject } from "../support/test_project.ts";
import { REPOSITORY, RUN, shell, start } from "./shell.ts";
import { run } from "./support.ts";

const SOURCE = "https://example.com/a.png";

/** The line, the queue, and the message that must be on it. */
const LINES: [string, string, Record<string, unknown>][] = [
  [
    `${RUN} image "A hero on a cliff"`,
    "image_generation_queue",
    { prompt: "A hero on a cliff" },
  ],
  [
    `${RUN} image "A dragon flying" --scene=scene-002`,
    "image_generation_queue",
    { prompt: "A dragon flying", sceneId: "scene-002" },
  ],
  [
    `${RUN} image "Warrior portrait" --character=hero-001`,
    "image_generation_queue",
    { prompt: "Warrior portrait", characterId: "hero-001" },
  ],
  [
    `${RUN} image-edit "Add dramatic sunset" --source=${SOURCE}`,
    "image_generation_queue",
    { prompt: "Add dramatic sunset", sourceImageUrl: SOURCE, editMode: true },
  ],
  [
    `${RUN} video "Lion walking" --duration=8`,
    "video_generation_queue",
    { prompt: "Lion walking", durationSeconds: "8" },
  ],
  [
    `${RUN} video "Animate this scene" --source=${SOURCE}`,
    "video_generation_queue",
    { prompt: "Animate this scene", sourceImageUrl: SOURCE },
  ],
];

Deno.test("each promised line puts its message on its queue", async () => {
  await using project = await TestProject.start();
  const { stack, variables } = project;
  for (const [line, queue, fields] of LINES) {
    const { code, out, err } = await shell(line, variables);
    equal(code, 0, `${line}\n${out}${err}`);
    const [, jobId, msgId] = /job id: (\S+) {2}message id: (\d+)/.exec(out)!;
    const [row] = await stack.sql<{ queue: string; msg_id: number; message: unknown }>(
      "select queue, msg_id, message from public.generation_jobs where id = $1",
      [jobId],
    );
    equal(row.queue, queue);
    equal(Number(row.msg_id), Number(msgId));
    deepEqual(row.message, { storyboardId: "storyboard-001", ...fields });
  }

  const batch = "deno run --allow-net --allow-env --allow-read queue-trigger.ts";
  const file = JSON.parse(await Deno.readTextFile(`${REPOSITORY}test-prompts.json`));
  for (const kind of ["images", "videos"]) {
    const { code, out, err } = await shell(
      `${batch} batch-${kind} test-prompts.json`,
      variables,
    );
    equal(code, 0, out + err);
    equal(out.match(/job id: /g)?.length, file[kind].length);
  }
});

Deno.test("a batch file without --allow-read names the flag, as the help does", async () => {
  const { code, err } = await shell(`${RUN} batch-images test-prompts.json`, {});
  equal(code, 2);
  match(err, /--allow-read/);
  const { out } = await shell(`${RUN} batch-images --help`, {});
  match(out, /^ {2}deno run .*--allow-read queue-trigger\.ts batch-images test-prompts\.json$/m);
});

Deno.test("a message that the functions would refuse is refused before it is sent", async () => {
  const environment = {
    SUPABASE_URL: "http://127.0.0.1:1",
    SUPABASE_SECRET_KEY: "sb_secret_wrong",
  };
  const cases: [string[], RegExp][] = [
    [["image", ""], /prompt: expected a non-empty string/],
    [["image", "p", "--scene=../up"], /--scene \(sceneId\): expected/],
    [["image-edit", "p", "--source=ftp://a/b"], /--source \(sourceImageUrl\): expected/],
    [["video", "p", "--duration=2"], /--duration \(durationSeconds\): expected/],
    [["video", "p", "--resolution=480p"], /--resolution \(resolution\): expected/],
    [["video", "p", "--audio=loud"], /--audio \(generateAudio\): expected true or false/],
    [["video", "p", "--aspect=1:1"], /--aspect \(aspectRatio\): expected/],
  ];
  for (const [args, expected] of cases) {
    const { code, err } = await run(args, environment, {}, core);
    equal(code, 2, args.join(" "));
    match(err[0], /^Nothing was sent/);
    match(err[0], expected);
  }
});

Deno.test("variables come from a file, and --wait ends when process-queue.sh has worked", async () => {
  await using project = await TestProject.start();
  const file = await Deno.makeTempFile({ suffix: ".env" });
  try {
    await Deno.writeTextFile(
      file,
      Object.entries(project.variables).map(([name, value]) => `${name}=${value}\n`).join(""),
    );
    const trigger = `deno run --env-file=${file} --allow-net --allow-env queue-trigger.ts`;
    const waiting = [
      start(`${trigger} image "A lighthouse" --scene=scene-001 --wait`, {}),
      start(`${trigger} video "A lion" --duration=4 --wait`, {}),
    ];
    await Promise.all(waiting.map(({ said }) => said));
    const { code, out, err } = await shell(`./process-queue.sh all --env-file ${file}`, {});
    equal(code, 0, out + err);
    equal(out.match(/^ {2}succeeded /gm)?.length, 2, out);
    for (const { outcome } of waiting) {
      const { code, out, err } = await outcome;
      equal(code, 0, out + err);
      match(out, /succeeded: http/);
    }
  } finally {
    await Deno.remove(file);
  }
});
