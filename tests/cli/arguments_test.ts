import { deepEqual, equal, match } from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { flagOfField } from "../../cli/sender_arguments.ts";
import { run, sent } from "./support.ts";

const SOURCE = "https://example.com/a.png";

Deno.test("image: a prompt is enough", async () => {
  deepEqual(await sent("image", "A hero on a cliff"), [{
    queue: "image_generation_queue",
    message: { storyboardId: "storyboard-001", prompt: "A hero on a cliff" },
  }]);
});

Deno.test("image for a scene, a character, a storyboard", async () => {
  const cases: [string[], Record<string, string>][] = [
    [["--scene=scene-002"], { sceneId: "scene-002" }],
    [["--scene", "scene-002"], { sceneId: "scene-002" }],
    [["--character=hero-001"], { characterId: "hero-001" }],
    [["--storyboard=film"], { storyboardId: "film" }],
    [["--owner=ada"], { owner: "ada" }],
    [["--scene=s", "--character", "c"], { sceneId: "s", characterId: "c" }],
  ];
  for (const [flags, fields] of cases) {
    const [{ message }] = await sent("image", "A dragon flying", ...flags);
    deepEqual(message, { storyboardId: "storyboard-001", prompt: "A dragon flying", ...fields });
  }
});

Deno.test("an unknown flag is named, with what may have been meant", async () => {
  const said = async (...args: string[]) => (await run(args)).err[0].split("\n")[0];
  equal(
    await said("image", "-5"),
    `Unknown option '-5'. A prompt that starts with a dash stands after "--".`,
  );
  match(await said("status", "--env-file=.env"), /^Unknown option '--env-file'\. Flags of Deno, /);
});

Deno.test("what cancel cannot take is not in its help", async () => {
  const { out } = await run(["cancel", "--help"]);
  match(out[0], /^ {2}--status=S {8}queued, running or waiting$/m);
});

Deno.test("flags may stand before the prompt, and -- ends them", async () => {
  const [{ message }] = await sent("image", "--scene=s", "--", "--flags are not for me");
  deepEqual(message, {
    storyboardId: "storyboard-001",
    sceneId: "s",
    prompt: "--flags are not for me",
  });
});

Deno.test("image-edit sends the source and the edit mode", async () => {
  const [{ queue, message }] = await sent("image-edit", "Add sunset", `--source=${SOURCE}`);
  equal(queue, "image_generation_queue");
  deepEqual(message, {
    storyboardId: "storyboard-001",
    prompt: "Add sunset",
    sourceImageUrl: SOURCE,
    editMode: true,
  });
});

Deno.test("video sends duration, aspect, resolution and source", async () => {
  const [plain] = await sent("video", "Lion walking", "--duration=8");
  deepEqual(plain, {
    queue: "video_generation_queue",
    message: { storyboardId: "storyboard-001", prompt: "Lion walking", durationSeconds: "8" },
  });
  const [{ message }] = await sent(
    "video",
    "Animate this scene",
    ...["--source", SOURCE, "--aspect", "9:16", "--resolution=1080p"],
  );
  deepEqual(message, {
    storyboardId: "storyboard-001",
    prompt: "Animate this scene",
    sourceImageUrl: SOURCE,
    aspectRatio: "9:16",
    resolution: "1080p",
  });
});

Deno.test("what else a model is to be told", async () => {
  const [image] = await sent(
    ...["image", "p", "--model=gemini-3.1-flash-image", "--aspect=21:9", "--size=2K"],
    ...["--seed=7", "--priority=-5"],
  );
  deepEqual(image.message, {
    storyboardId: "storyboard-001",
    prompt: "p",
    model: "gemini-3.1-flash-image",
    aspectRatio: "21:9",
    imageSize: "2K",
    seed: 7,
    priority: -5,
  });
  const [video] = await sent(
    ...["video", "p", "--source=http://a/1", "--last-frame=http://a/2", "--negative=rain, fog"],
    ...["--person", "allow_adult", "--seed", "0", "--priority", "100"],
  );
  deepEqual(video.message, {
    storyboardId: "storyboard-001",
    prompt: "p",
    sourceImageUrl: "http://a/1",
    lastFrameUrl: "http://a/2",
    negativePrompt: "rain, fog",
    personGeneration: "allow_adult",
    seed: 0,
    priority: 100,
  });
});

Deno.test("a flag that is repeated makes a list in its order", async () => {
  const [{ message }] = await sent("image-edit", "p", "--source=http://a/2", "--source=http://a/1");
  deepEqual(message, {
    storyboardId: "storyboard-001",
    prompt: "p",
    sourceImageUrls: ["http://a/2", "http://a/1"],
    editMode: true,
  });
  const [video] = await sent("video", "p", "--reference=http://a/1");
  deepEqual(video.message, {
    storyboardId: "storyboard-001",
    prompt: "p",
    referenceImageUrls: ["http://a/1"],
  });
});

Deno.test("a fault of a field is told by the flag that filled it", () => {
  const flags = ["prompt", "sourceImageUrl", "sourceImageUrls[1]", "referenceImageUrls[0]", "seed"]
    .map(flagOfField);
  deepEqual(flags, [undefined, "source", "source", "reference", "seed"]);
});

Deno.test("image, image-edit and video send whom to tell", async () => {
  const webhookUrl = "https://hooks.example.com/generation";
  for (const command of [["image"], ["image-edit", `--source=${SOURCE}`], ["video"]]) {
    const [{ message }] = await sent(...command, "p", `--webhook=${webhookUrl}`);
    equal((message as Record<string, unknown>).webhookUrl, webhookUrl);
  }
});

Deno.test("a line that cannot be understood says why, sends nothing and exits with 2", async () => {
  const lines: [string[], RegExp][] = [
    [[], /Say what to do/],
    [["paint"], /no command "paint".*image-edit/],
    [["image"], /image needs the prompt/],
    [["image", "two", "words"], /got 2: two \| words/],
    [["image", "p", "--colour=red"], /--colour/],
    [["image", "p", "--scene"], /--scene/],
    [["image", "p", "--wait=yes"], /--wait/],
    [["image", "p", `--source=${SOURCE}`], /image-edit/],
    [["image", "p", "--duration=8"], /takes no --duration; it is for video/],
    [["image-edit", "p"], /--source=URL/],
    [["image-edit", "p", "--duration=8"], /takes no --duration/],
    [["image", "p", "--negative=rain"], /takes no --negative; it is for video/],
    [["video", "p", "--size=2K"], /takes no --size; it is for image, image-edit/],
    [["video"], /video needs the prompt/],
    [["batch-images"], /needs the batch file/],
    [["batch-images", "f", "--scene=s"], /takes no --scene/],
    [["batch-images", "f", "--webhook=https://a.test"], /takes no --webhook/],
    [["image", "p", "--env-file=.env"], /before queue-trigger\.ts/],
    [["batch-images", "f", "--allow-read"], /before queue-trigger\.ts/],
  ];
  for (const [args, expected] of lines) {
    const { code, out, err } = await run(args, { SUPABASE_URL: "http://127.0.0.1:1" });
    equal(code, 2, args.join(" "));
    match(err.join("\n"), expected);
    match(err.join("\n"), /--help/);
    deepEqual(out, []);
  }
});

Deno.test("help shows every command with lines to copy, and needs no environment", async () => {
  for (const args of [["--help"], ["-h"], ["help"]]) {
    const { code, out } = await run(args);
    equal(code, 0);
    const text = out.join("\n");
    for (const command of COMMANDS) match(text, new RegExp(`queue-trigger\\.ts ${command}\\b`));
    for (const word of ["storyboard-001", "SUPABASE_URL", "SUPABASE_SECRET_KEY", "EXIT CODES"]) {
      match(text, new RegExp(word));
    }
  }
  for (const args of [["video", "--help"], ["help", "video"], ["video", "a", "b", "-h"]]) {
    const { code, out } = await run(args);
    equal(code, 0);
    match(out.join("\n"), /--resolution/);
    equal(/batch-images/.test(out.join("\n")), false);
  }
});

Deno.test("every line of the help that can be copied is understood", async () => {
  const { out } = await run(["--help"]);
  const examples = out.join("\n").split("\n")
    .map((line) => /queue-trigger\.ts ((?:image|video)\S* ".*)$/.exec(line)?.[1])
    .filter((line) => line !== undefined);
  equal(examples.length >= 7, true);
  for (const example of examples) {
    const args = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) =>
      quoted ?? bare
    );
    equal((await sent(...args.filter((arg) => arg !== "--wait"))).length, 1, example);
  }
});
