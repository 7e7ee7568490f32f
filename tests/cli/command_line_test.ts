/** Command lines: the field that each flag fills, the errors of wrong lines, and the help. */
import { deepEqual, equal, match } from "node:assert/strict";
import { COMMANDS } from "../../cli/main.ts";
import { jobId, run, sent } from "./support.ts";

const SOURCE = "https://example.com/a.png";

Deno.test("each flag of a sender fills its field of the message", async () => {
  const cases: [string[], Record<string, unknown>][] = [
    [["image"], {}],
    [["image", "--scene", "s", "--character=c"], { sceneId: "s", characterId: "c" }],
    [["image", "--storyboard=film", "--owner=ada"], { storyboardId: "film", owner: "ada" }],
    [["image", "--webhook=https://h.example/"], { webhookUrl: "https://h.example/" }],
    [
      ["image", "--model=gemini-3.1-flash-image", "--aspect=21:9", "--size=2K", "--seed=7"],
      { model: "gemini-3.1-flash-image", aspectRatio: "21:9", imageSize: "2K", seed: 7 },
    ],
    [["image", "--priority=-5", "--seed", "-1"], { priority: -5, seed: -1 }],
    [["image", "--seed=seven"], { seed: "seven" }],
    [["image-edit", `--source=${SOURCE}`], { sourceImageUrl: SOURCE, editMode: true }],
    [
      ["image-edit", "--source=http://a/2", "--source=http://a/1"],
      { sourceImageUrls: ["http://a/2", "http://a/1"], editMode: true },
    ],
    [["video", "--duration=8", "--aspect", "9:16", "--resolution=1080p", "--audio=false"], {
      ...{ durationSeconds: "8", aspectRatio: "9:16", resolution: "1080p", generateAudio: false },
    }],
    [["video", "--audio=true"], { generateAudio: true }],
    [["video", "--audio", "loud"], { generateAudio: "loud" }],
    [
      ["video", "--source=http://a/1", "--last-frame=http://a/2", "--negative=rain, fog"],
      { sourceImageUrl: "http://a/1", lastFrameUrl: "http://a/2", negativePrompt: "rain, fog" },
    ],
    [
      ["video", "--reference=http://a/1", "--person", "allow_adult"],
      { referenceImageUrls: ["http://a/1"], personGeneration: "allow_adult" },
    ],
  ];
  for (const [[command, ...flags], fields] of cases) {
    const [{ queue, message }] = await sent([command, "A hero", ...flags]);
    equal(queue, command === "video" ? "video_generation_queue" : "image_generation_queue");
    deepEqual(message, { storyboardId: "storyboard-001", prompt: "A hero", ...fields });
  }
});

Deno.test("flags may stand before the command and the prompt, and -- ends them", async () => {
  const [{ message }] = await sent(["--scene", "s", "image", "--owner=o", "--", "--prompt"]);
  deepEqual(message, {
    ...{ storyboardId: "storyboard-001", sceneId: "s", owner: "o", prompt: "--prompt" },
  });
});

Deno.test("a wrong line names the flag and what was expected, and exits with 2", async () => {
  const lines: [string[], RegExp][] = [
    [[], /^expected a command: image, image-edit/],
    [["paint"], /no command "paint"\. The commands: .*image-edit/],
    [["imgae", "p"], /no command "imgae"\. Did you mean image\? The commands: /],
    [["edit", "p"], /no command "edit"\. Did you mean image-edit\?/],
    [["image"], /^image: expected the prompt, in quotes/],
    [["image", "two", "words"], /got 2: two \| words/],
    [["batch-images"], /expected a JSON file/],
    // Unknown flags, and flags of other commands.
    [
      ["image", "p", "--colour=red"],
      /^image: there is no flag --colour\. The flags: --aspect, --si/,
    ],
    [["video", "p", "--durtion=8"], /there is no flag --durtion\. Did you mean --duration\? The/],
    [["image", "p", "--duration=8"], /^image takes no --duration; video does\. The flags: --/],
    [["image", "p", `--source=${SOURCE}`], /use image-edit/],
    [["image", "p", "--all"], /image takes no --all; cancel, redrive do\./],
    [["batch-images", "f", "--scene=s"], /takes no --scene/],
    [["image", "-5"], /no flag -5\..* A prompt that starts with a dash stands after "--"/],
    [["image", "p", "--env-file=.env"], /Flags of Deno, .*before queue-trigger\.ts/],
    [["batch-images", "f", "--allow-read"], /before queue-trigger\.ts/],
    // Values that are missing, superfluous or out of range.
    [["image", "p", "--scene"], /^--scene: expected ID/],
    [["image", "p", "--scene", "--wait"], /^--scene: expected ID\. Is --scene=--wait meant\?/],
    [["image", "p", "--scene="], /^image: --scene: expected ID, and got nothing\./],
    [["cancel", "--storyboard=", "--kind=image"], /--storyboard: expected ID, and got nothing\./],
    [["image", "p", "--wait=yes"], /^--wait takes no value/],
    [["image-edit", "p"], /^image-edit: --source: expected URL/],
    [["image-edit", "p", "--source=URL"], /--source: expected .*hero\.png: URL stands for it/],
    [["video", "p", "--reference=./a.png"], /--reference: expected .* has to be in Storage first/],
    [["video", "p", "--last-frame=a"], /--last-frame: expected an address like https:.*png\.$/m],
    [
      ["image", "p", "--webhook=a.png"],
      /--webhook: expected an address like https:.*generation\.$/m,
    ],
    [["list", "--limit=0"], /^list: --limit: expected a whole number from 1 to 1000\.$/m],
    [["list", "--limit=1.5"], /--limit: expected a whole number/],
    [["list", "--status=done"], /--status: expected queued, running, .* or cancelled/],
    [["list", "--kind=audio"], /--kind: expected image or video/],
    [["list", "--since=yesterday"], /--since: expected a span like 30m/],
    [["watch", "--interval=0"], /--interval: expected a number from 0.1/],
    [["cancel", "--status=failed"], /--status: expected queued, running or waiting/],
    [["process", "all", "--max-jobs=0"], /--max-jobs: expected a whole number from 1 to 1000/],
    // Arguments.
    [["status", "images"], /status: expected no arguments, and got images/],
    [["show"], /show: expected one argument/],
    [["show", "42"], /42 is no job id: expected a UUID/],
    [["process"], /images, videos or all/],
    [["process", "image"], /images, videos or all/],
    // Combinations that make no sense.
    [["watch", "--until-empty", jobId(1)], /job ids or --until-empty/],
    [["cancel"], /expected job ids, or a filter .* or --all/],
    [["cancel", "--all", "--scene=s"], /one of them/],
    [["redrive"], /expected job ids, or --error=CODE/],
    [["redrive", jobId(1), "--all"], /one of them/],
    [["metrics", "--json", "--prometheus"], /not both/],
  ];
  for (const [args, expected] of lines) {
    const { code, out, err } = await run(args, { SUPABASE_URL: "http://127.0.0.1:1" });
    equal(code, 2, args.join(" "));
    match(err.join("\n"), expected);
    match(err.join("\n"), /\nSee: queue-trigger\.ts .*--help$/);
    deepEqual(out, []);
  }
});

Deno.test("help names every command, and needs no environment", async () => {
  for (const args of [["--help"], ["-h"], ["help"]]) {
    const { code, out } = await run(args);
    equal(code, 0);
    for (const { name } of COMMANDS) match(out.join("\n"), new RegExp(`^  ${name} `, "m"));
    for (const word of ["SUPABASE_URL", "SUPABASE_SECRET_KEY", "EXIT CODES"]) {
      match(out.join("\n"), new RegExp(word));
    }
  }
});

Deno.test("the help of a command explains its flags, and no others, with lines to copy", async () => {
  for (const { name, flags } of COMMANDS) {
    for (const args of [[name, "--help"], ["help", name], [name, "a", "b", "-h", "--colour"]]) {
      const { code, out } = await run(args);
      equal(code, 0);
      const explained = [...out.join("\n").matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag);
      deepEqual(explained, Object.keys(flags));
      match(out.join("\n"), new RegExp(`^  deno run .*queue-trigger\\.ts ${name}\\b`, "m"));
      for (const line of out.join("\n").split("\n")) {
        equal(line.length <= 80 || /deno run/.test(line), true, line);
      }
    }
  }
});
