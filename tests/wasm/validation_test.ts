import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { validateImageJob, validateVideoJob } from "../../pkg/generation_queue.js";
import type { Issue, ValidationError } from "../../pkg/generation_queue.js";

/** Everything that is wrong with a message. */
function issues(validate: (message: unknown) => unknown, message: unknown): Issue[] {
  let found: Issue[] = [];
  throws(() => validate(message), (error) => {
    const { name, issues } = error as ValidationError;
    found = issues;
    return error instanceof Error && name === "ValidationError";
  });
  return found;
}

Deno.test("a message comes back as the worker reads it", () => {
  deepEqual(validateImageJob({ storyboardId: "sb", prompt: "A hero", extra: [1], sceneId: null }), {
    storyboardId: "sb",
    prompt: "A hero",
  });
  const sourceImageUrl = "https://example.com/a.png";
  const edit = {
    storyboardId: "sb",
    characterId: "c",
    prompt: "p",
    sourceImageUrl,
    editMode: true,
  };
  deepEqual(validateImageJob(edit), edit);
  deepEqual(validateVideoJob({ storyboardId: "sb", prompt: "A lion", durationSeconds: 4 }), {
    storyboardId: "sb",
    prompt: "A lion",
    aspectRatio: "16:9",
    durationSeconds: "4",
    resolution: "720p",
  });
});

Deno.test("every option of a message comes back", () => {
  const url = "https://example.com/a.png";
  const image = {
    storyboardId: "sb",
    sceneId: "s",
    prompt: "p",
    sourceImageUrls: [url, url],
    editMode: true,
    model: "gemini-3.1-flash-image",
    aspectRatio: "21:9",
    imageSize: "2K",
    seed: 7,
    priority: -100,
  };
  deepEqual(validateImageJob(image), image);
  // Sources are used with editMode only.
  const { sourceImageUrls: _, editMode: __, ...words } = image;
  deepEqual(validateImageJob({ ...image, editMode: false }), words);
  const video = {
    storyboardId: "sb",
    characterId: "c",
    prompt: "p",
    sourceImageUrl: url,
    lastFrameUrl: url,
    model: "vertex/veo-3.1-fast-generate-001",
    negativePrompt: "rain",
    seed: 0,
    personGeneration: "allow_adult",
    priority: 100,
    aspectRatio: "9:16",
    durationSeconds: "12",
    resolution: "1080p",
    generateAudio: false,
  };
  deepEqual(validateVideoJob(video), video);
  const { sourceImageUrl: ___, lastFrameUrl: ____, ...rest } = video;
  const references = { ...rest, referenceImageUrls: [url, url, url] };
  deepEqual(validateVideoJob(references), references);
});

Deno.test("every message of docs/messages.md is a job", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/messages.md", import.meta.url));
  const messages = [...page.matchAll(/pgmq\.send\('(\w+)_generation_queue', '(.*?)'\)/gs)];
  equal(messages.length, 7);
  for (const [, kind, message] of messages) {
    const validate = kind === "image" ? validateImageJob : validateVideoJob;
    ok(validate(JSON.parse(message)).prompt);
  }
});

Deno.test("docs/messages.md has every field that other pages name", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const firstCells = (page: string) =>
    [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, cell]) => cell.match(/\w+/g)!);
  const readme = (await read("README.md")).split("## Sending jobs")[1].split("\n### ")[0];
  const examples = [...(await read("docs/recipes.md")).matchAll(/"(\w+)": /g)]
    .map(([, name]) => name).filter((name) => /[a-z][A-Z]/.test(name));
  const known = firstCells(await read("docs/messages.md"));
  deepEqual([...firstCells(readme), ...examples].filter((name) => !known.includes(name)), []);
  ok(firstCells(readme).includes("owner"));
});

Deno.test("everything that is wrong is named by field", () => {
  const found = issues(validateVideoJob, { prompt: 1, aspectRatio: "1:1", resolution: "8k" });
  deepEqual(found.map(({ field }) => field), [
    "storyboardId",
    "prompt",
    "aspectRatio",
    "resolution",
  ]);
  ok(found.every(({ expected }) => expected.length > 0));
  equal(issues(validateImageJob, [])[0].field, "message");
});

Deno.test("a message that no queue could carry is an issue, never a trap", () => {
  const nested: Record<string, unknown> = {};
  nested.self = nested;
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const throwing = {
    toJSON() {
      throw new Error("no");
    },
  };
  const broken = { storyboardId: "sb", prompt: "\ud800" };
  for (const message of [nested, deep, throwing, broken, undefined, () => 1, Symbol("s"), 1n]) {
    equal(issues(validateImageJob, message)[0].field, "message");
    equal(issues(validateVideoJob, message)[0].field, "message");
  }
  // The core works on.
  equal(validateImageJob({ storyboardId: "sb", prompt: "A hero" }).prompt, "A hero");
});
