/** Replies as proxies in front of Google pass them on, and as Google has sent them by mistake. */
import assert from "node:assert/strict";
import { isMp4, object, type TestProject, withTestProject } from "../support/test_project.ts";

const PNG = btoa("\x89PNG\r\n\x1a\n\0\0\0\0IHDR\0\0\0\0");
const MP4 = "\0\0\0\x20ftypisom\0\0\x02\0isomiso2";
const OMNI = "gemini-omni-1.1-flash";

type Answer = { status?: number; headers?: Record<string, string>; body: unknown };

const part = (inline: unknown) => ({ candidates: [{ content: { parts: [inline] } }] });
const image = { inlineData: { mimeType: "image/png", data: PNG } };

const IMAGES: Record<string, Answer> = {
  "in snake case": { body: part({ inline_data: { mime_type: "image/png", data: PNG } }) },
  "in an event stream": {
    headers: { "content-type": "text/event-stream" },
    body: `data: ${JSON.stringify(part({ text: "Hm" }))}\n\n` +
      `data: ${JSON.stringify(part(image))}\n\ndata: [DONE]\n\n`,
  },
  "behind a byte order mark": { body: `\uFEFF${JSON.stringify(part(image))}` },
  "of a vague type, beside an empty error": {
    body: {
      error: {},
      ...part({ inlineData: { mimeType: "application/octet-stream", data: PNG } }),
    },
  },
  "as a data URL in the words": {
    body: part({ text: `Here it is: ![image](data:image/png;base64,${PNG}). Enjoy!` }),
  },
  "in JSON that is a text": { body: JSON.stringify(JSON.stringify(part(image))) },
  "alone": {
    headers: { "content-type": "image/png" },
    body: Uint8Array.from(atob(PNG), (letter) => letter.charCodeAt(0)),
  },
  "as a data URL, beside no number": {
    body: JSON.stringify(part({ inlineData: { data: `data:image/png;base64,${PNG}` } }))
      .replace("{", `{"score":NaN,`),
  },
};

/** Sends a video, answers its polls in this order and downloads as the paths say. */
async function video(
  project: TestProject,
  { polls, downloads = {}, model }: {
    polls: Answer[];
    downloads?: Record<string, unknown>;
    model?: string;
  },
) {
  project.simulator.reset();
  for (const answer of polls) project.simulator.script({ match: { kind: "poll" }, ...answer });
  for (const [path, body] of Object.entries(downloads)) {
    project.simulator.script({ match: { path: new RegExp(`${path}$`) }, body });
  }
  const message = { storyboardId: project.storyboard(), prompt: "Lion walking", model };
  const id = await project.send("video", message);
  const { report } = await project.run("video");
  return { report, job: await project.job(id) };
}

withTestProject("replies", async (project, test) => {
  const base = project.simulator.url;
  const uri = `${base}/files/v1:download?alt=media`;
  const done = (video: unknown, more = {}) => ({
    done: true,
    response: { generateVideoResponse: { generatedSamples: [{ video }] } },
    ...more,
  });

  for (const [form, answer] of Object.entries(IMAGES)) {
    await test.step(`an image ${form} is an image`, async () => {
      project.simulator.reset();
      project.simulator.script({ match: { kind: "image" }, ...answer });
      const id = await project.send("image", { storyboardId: project.storyboard(), prompt: "p" });
      assert.equal((await project.run("image")).report.succeeded, 1);
      assert.equal(project.simulator.requests.length, 1);
      const stored = await object((await project.job(id)).asset_url!);
      assert.equal(btoa(String.fromCharCode(...stored.bytes)), PNG);
    });
  }

  await test.step("a refusal that asks for another try gets one", async () => {
    project.simulator.reset();
    const message = "Unable to process input image. Please retry or report";
    const body = { error: { code: 400, message, status: "INVALID_ARGUMENT" } };
    project.simulator.script({ match: { kind: "image" }, status: 400, body });
    await project.send("image", { storyboardId: project.storyboard(), prompt: "p" });
    assert.equal((await project.run("image")).report.retrying, 1);
    await project.makeVisible("image");
    assert.equal((await project.run("image")).report.succeeded, 1);
  });

  await test.step("a video beside an empty error is a video, and comes by its file's address", async () => {
    const { job } = await video(project, {
      polls: [{ body: done({ uri: `${base}/files/v1` }, { error: {} }) }],
      downloads: {
        "/files/v1": { name: "files/v1", downloadUri: uri },
        "/files/v1:download\\?alt=media": MP4,
      },
    });
    assert.equal(job.status, "succeeded");
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
    assert.equal(project.simulator.accepted("video"), 1);
  });

  await test.step("an error before the end, and an end with nothing, are no ends", async () => {
    const polls = [
      { body: { error: { code: 13 }, name: "models/m/operations/o" } },
      { body: { done: true, response: {} } },
      { body: { done: true, result: { generated_videos: [{ video: { uri: "files/v1" } }] } } },
    ];
    const downloads = { "/files/v1": { state: "ACTIVE" }, "/files/v1:download\\?alt=media": MP4 };
    const { job } = await video(project, { polls, downloads });
    assert.equal(job.status, "succeeded");
    assert.equal(project.simulator.accepted("video"), 1);
  });

  await test.step("an interaction that is unknown once is asked for again", async () => {
    const error = { message: "Request contains an invalid argument.", code: "invalid_request" };
    const { job } = await video(project, {
      model: OMNI,
      polls: [{ status: 400, body: { error } }],
    });
    assert.equal(job.status, "succeeded");
    assert.equal(project.simulator.accepted("video"), 1);
  });

  await test.step("an uncertain submission quotes what was answered", async () => {
    project.simulator.reset();
    const body = { operation: "o-4711", note: "accepted" };
    project.simulator.script({ match: { kind: "video" }, body });
    const id = await project.send("video", { storyboardId: project.storyboard(), prompt: "p" });
    await project.run("video");
    const job = await project.job(id);
    assert.equal(job.error_code, "submission_uncertain");
    assert.match(job.error_message!, /"operation": "o-4711"/);
  });

  await test.step("the provider's trouble with an operation costs no attempt, whatever its code", async () => {
    // The model of a submission whose outcome is uncertain rests.
    await project.stack.sql("select public.reset_generation_models()");
    for (
      const [model, body] of [
        [undefined, { done: true, error: { code: 503, message: "overloaded" } }],
        [OMNI, { status: "failed", error: { code: "resource_exhausted", message: "m" } }],
      ] as const
    ) {
      const { report, job } = await video(project, { model, polls: [{ body }] });
      assert.equal(report.waiting, 1);
      assert.equal(job.attempts, 0);
      await project.stack.sql("select public.cancel_generation_job($1)", [job.id]);
    }
  });
});
