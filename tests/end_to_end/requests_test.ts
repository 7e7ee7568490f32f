/** The functions' requests to the provider, compared with those of Google's own clients. */
import assert from "node:assert/strict";
import {
  officialBackgroundRequest,
  officialImageRequest,
  officialOmniRequest,
  officialVeoRequest,
  type Source,
} from "../sdk/official_requests.ts";
import { assertSameIntent } from "../sdk/same_intent.ts";
import { IMAGE_MODEL, OMNI_MODEL, VEO_MODEL, VERTEX_MODEL } from "../sdk/samples.ts";
import {
  type Kind,
  type Message,
  object,
  type Parts,
  TestProject,
} from "../support/test_project.ts";

const VERTEX_IMAGE = `vertex/${IMAGE_MODEL}`;
const VERTEX_OMNI = `vertex/${OMNI_MODEL}`;

const WISHES = { negativePrompt: "rain", personGeneration: "allow_adult" };

const PORTRAIT = { aspectRatio: "9:16", resolution: "1080p" } as const;
const SHAPE = { aspectRatio: "16:9", resolution: "720p", durationSeconds: 8 } as const;

type Video = Partial<Parameters<typeof officialVeoRequest>[0]>;

const PARTS: Parts = {
  env: {
    IMAGE_MODELS: [IMAGE_MODEL, "gemini-3.1-flash-image", VERTEX_IMAGE].join(),
    VIDEO_MODELS: [VEO_MODEL, OMNI_MODEL, VERTEX_MODEL, VERTEX_OMNI].join(),
  },
  // None is finished, so none is drawn for the answer to its cancellation.
  simulator: { videoDelayMs: 3_600_000 },
};

/** Messages, and the same for the official clients, from two images. */
function videosFrom(
  [sourceImageUrl, otherUrl]: string[],
  [source, other]: Source[],
): Record<string, [Message, Video]> {
  const frames = { sourceImageUrl, lastFrameUrl: otherUrl };
  const references = { referenceImageUrls: [sourceImageUrl, otherUrl] };
  return {
    "text to video by Veo": [{ durationSeconds: "8", aspectRatio: "16:9", resolution: "720p" }, {}],
    "text to video by Omni": [{ durationSeconds: "8", model: OMNI_MODEL }, { model: OMNI_MODEL }],
    "image to video by Veo": [{ ...PORTRAIT, sourceImageUrl }, { ...PORTRAIT, source }],
    "image to video by Omni": [
      { ...PORTRAIT, sourceImageUrl, model: OMNI_MODEL },
      { ...PORTRAIT, source, model: OMNI_MODEL },
    ],
    "first and last frame by Veo": [frames, { source, lastFrame: other }],
    "first and last frame by Omni": [
      { ...frames, model: OMNI_MODEL, seed: 7 },
      { source, lastFrame: other, model: OMNI_MODEL, seed: 7 },
    ],
    "reference images by Veo": [references, { references: [source, other] }],
    // Veo makes them in 8 s alone.
    "reference images by Omni": [
      { ...references, durationSeconds: 4 },
      { references: [source, other], durationSeconds: 4, model: OMNI_MODEL },
    ],
    "what is not to be seen, and who may be": [WISHES, WISHES],
    "a silent video from an image by Vertex AI": [
      { ...PORTRAIT, sourceImageUrl, generateAudio: false, model: VERTEX_MODEL },
      { ...PORTRAIT, source, generateAudio: false, model: VERTEX_MODEL },
    ],
    "image to video by Omni at Vertex AI": [
      { ...PORTRAIT, sourceImageUrl, model: VERTEX_OMNI },
      { ...PORTRAIT, source, model: VERTEX_OMNI },
    ],
  };
}

Deno.test("the functions send the same requests as the official clients", async (test) => {
  await using project = await TestProject.start(PARTS);

  /** The request for a message. */
  async function requestFor(kind: Kind, message: Message) {
    project.simulator.reset();
    await project.send(kind, { storyboardId: "board", ...message });
    // Such a short run submits a video and does not wait for it.
    const { report } = await project.run(kind, { budgetSeconds: kind === "video" ? 1 : 30 });
    assert.equal(report.succeeded + report.waiting, 1);
    await project.stack.sql(`delete from pgmq.q_${kind}_generation_queue`);
    const request = project.simulator.requests.find(({ accepted }) => accepted);
    assert.ok(request);
    return request;
  }

  await project.send("image", { storyboardId: "board", sceneId: "s", prompt: "A lighthouse" });
  await project.run("image");
  const sourceImageUrl = project.publicUrl("storyboard-images", "board/s.png");
  const source = { bytes: (await object(sourceImageUrl)).bytes, mimeType: "image/png" };

  await project.send("image", { storyboardId: "board", sceneId: "t", prompt: "A mill" });
  await project.run("image");
  const otherUrl = project.publicUrl("storyboard-images", "board/t.png");
  const other = { bytes: (await object(otherUrl)).bytes, mimeType: "image/png" };

  const images: Record<string, [Message, Partial<Parameters<typeof officialImageRequest>[0]>]> = {
    "text to image": [
      { prompt: 'A hero on a cliff, "quoted" and ünïcode \u{1f3a8}' },
      { prompt: 'A hero on a cliff, "quoted" and ünïcode \u{1f3a8}' },
    ],
    "image editing": [{ sourceImageUrl, editMode: true }, { sources: [source] }],
    "an edit of several images": [
      { sourceImageUrls: [otherUrl, sourceImageUrl], editMode: true },
      { sources: [other, source] },
    ],
    "shape and seed of an image": [
      { aspectRatio: "3:2", seed: 7 },
      { aspectRatio: "3:2", seed: 7 },
    ],
    "shape and size of an image, by the model that can": [
      { aspectRatio: "4:1", imageSize: "512" },
      { aspectRatio: "4:1", imageSize: "512", model: "gemini-3.1-flash-image" },
    ],
    "an edit in the background, which may outlast the worker": [
      { sourceImageUrl, editMode: true, aspectRatio: "16:9", imageSize: "4K", seed: 7 },
      {
        sources: [source],
        aspectRatio: "16:9",
        imageSize: "4K",
        seed: 7,
        model: "gemini-3.1-flash-image",
      },
    ],
    "an edit by Vertex AI": [
      { sourceImageUrl, editMode: true, aspectRatio: "3:2", model: VERTEX_IMAGE },
      { sources: [source], aspectRatio: "3:2", model: VERTEX_IMAGE },
    ],
  };
  for (const [name, [message, official]] of Object.entries(images)) {
    await test.step(name, async () => {
      const prompt = "A hero";
      assertSameIntent(
        await requestFor("image", { prompt, ...message }),
        await (official.imageSize === "4K" ? officialBackgroundRequest : officialImageRequest)({
          model: IMAGE_MODEL,
          prompt,
          ...official,
        }),
      );
    });
  }

  for (
    const [name, [message, changes]] of Object.entries(
      videosFrom([sourceImageUrl, otherUrl], [source, other]),
    )
  ) {
    await test.step(name, async () => {
      const prompt = "Lion walking";
      const official = { model: VEO_MODEL, prompt, ...SHAPE, ...changes };
      assertSameIntent(
        await requestFor("video", { prompt, ...message }),
        official.model.endsWith(OMNI_MODEL)
          ? await officialOmniRequest(official)
          : await officialVeoRequest(official),
      );
    });
  }

  await test.step("Veo's seed, which only other clients can tell it", async () => {
    const { body } = await requestFor("video", { prompt: "Lion walking", seed: 7 });
    assert.equal((body as { parameters: { seed: number } }).parameters.seed, 7);
  });
});
