/** The functions' requests to the provider, compared with those of Google's own clients. */
import assert from "node:assert/strict";
import {
  officialImageRequest,
  officialOmniRequest,
  officialVeoRequest,
} from "../sdk/official_requests.ts";
import { assertSameIntent } from "../sdk/same_intent.ts";
import { IMAGE_MODEL, OMNI_MODEL, VEO_MODEL } from "../sdk/samples.ts";
import { type Kind, type Message, object, TestProject } from "../support/test_project.ts";

Deno.test("the functions send the same requests as the official clients", async (test) => {
  await using project = await TestProject.start();

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

  await test.step("text to image", async () => {
    const prompt = 'A hero on a cliff, "quoted" and ünïcode \u{1f3a8}';
    assertSameIntent(
      await requestFor("image", { prompt }),
      await officialImageRequest({ model: IMAGE_MODEL, prompt }),
    );
  });

  await test.step("image editing", async () => {
    const prompt = "Add dramatic sunset";
    assertSameIntent(
      await requestFor("image", { prompt, sourceImageUrl, editMode: true }),
      await officialImageRequest({ model: IMAGE_MODEL, prompt, sources: [source] }),
    );
  });

  await test.step("text to video, by Veo and by Omni", async () => {
    const prompt = "Lion walking";
    const asked = { prompt, aspectRatio: "16:9", resolution: "720p" } as const;
    const official = { ...asked, durationSeconds: 8 };
    assertSameIntent(
      await requestFor("video", { ...asked, durationSeconds: "8" }),
      await officialVeoRequest({ model: VEO_MODEL, ...official }),
    );
    assertSameIntent(
      await requestFor("video", { ...asked, durationSeconds: "8", model: OMNI_MODEL }),
      await officialOmniRequest({ model: OMNI_MODEL, ...official }),
    );
  });

  await test.step("image to video, by Veo and by Omni", async () => {
    const prompt = "Animate this scene";
    const asked = { prompt, aspectRatio: "9:16", resolution: "1080p" } as const;
    const official = { ...asked, durationSeconds: 8, source };
    assertSameIntent(
      await requestFor("video", { ...asked, sourceImageUrl }),
      await officialVeoRequest({ model: VEO_MODEL, ...official }),
    );
    assertSameIntent(
      await requestFor("video", { ...asked, sourceImageUrl, model: OMNI_MODEL }),
      await officialOmniRequest({ model: OMNI_MODEL, ...official }),
    );
  });

  await project.send("image", { storyboardId: "board", sceneId: "t", prompt: "A mill" });
  await project.run("image");
  const otherUrl = project.publicUrl("storyboard-images", "board/t.png");
  const other = { bytes: (await object(otherUrl)).bytes, mimeType: "image/png" };

  await test.step("shape, size and seed of an image, by the model that can", async () => {
    const prompt = "A hero";
    const wishes = { aspectRatio: "3:2", seed: 7 };
    assertSameIntent(
      await requestFor("image", { prompt, ...wishes }),
      await officialImageRequest({ model: IMAGE_MODEL, prompt, ...wishes }),
    );
    const model = "gemini-3.1-flash-image";
    const more = { aspectRatio: "4:1", imageSize: "512" };
    assertSameIntent(
      await requestFor("image", { prompt, ...more }),
      await officialImageRequest({ model, prompt, ...more }),
    );
  });

  await test.step("an edit of several images", async () => {
    const prompt = "Put the first into the second";
    const sourceImageUrls = [otherUrl, sourceImageUrl];
    assertSameIntent(
      await requestFor("image", { prompt, sourceImageUrls, editMode: true }),
      await officialImageRequest({ model: IMAGE_MODEL, prompt, sources: [other, source] }),
    );
  });

  const official = { aspectRatio: "16:9", resolution: "720p", durationSeconds: 8 } as const;

  await test.step("first and last frame, by Veo and by Omni", async () => {
    const prompt = "From one to the other";
    const frames = { sourceImageUrl, lastFrameUrl: otherUrl };
    const wanted = { ...official, prompt, source, lastFrame: other };
    assertSameIntent(
      await requestFor("video", { prompt, ...frames }),
      await officialVeoRequest({ model: VEO_MODEL, ...wanted }),
    );
    assertSameIntent(
      await requestFor("video", { prompt, ...frames, model: OMNI_MODEL, seed: 7 }),
      await officialOmniRequest({ model: OMNI_MODEL, ...wanted, seed: 7 }),
    );
  });

  await test.step("reference images, by Veo and by Omni", async () => {
    const prompt = "Both of them";
    const referenceImageUrls = [sourceImageUrl, otherUrl];
    const wanted = { ...official, prompt, references: [source, other] };
    assertSameIntent(
      await requestFor("video", { prompt, referenceImageUrls }),
      await officialVeoRequest({ model: VEO_MODEL, ...wanted }),
    );
    assertSameIntent(
      await requestFor("video", { prompt, referenceImageUrls, durationSeconds: 4 }),
      await officialOmniRequest({ model: OMNI_MODEL, ...wanted, durationSeconds: 4 }),
    );
  });

  await test.step("what is not to be seen, and who may be", async () => {
    const wishes = { negativePrompt: "rain", personGeneration: "allow_adult" };
    const prompt = "Lion walking";
    assertSameIntent(
      await requestFor("video", { prompt, ...wishes }),
      await officialVeoRequest({ model: VEO_MODEL, ...official, prompt, ...wishes }),
    );
  });

  await test.step("Veo's seed, which only other clients can tell it", async () => {
    const { body } = await requestFor("video", { prompt: "Lion walking", seed: 7 });
    assert.equal((body as { parameters: { seed: number } }).parameters.seed, 7);
  });
});
