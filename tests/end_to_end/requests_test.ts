/** What the functions send to the providers, beside what Google's own clients send for the same. */
import assert from "node:assert/strict";
import {
  officialImageRequest,
  officialOmniRequest,
  officialVeoRequest,
} from "../sdk/official_requests.ts";
import { assertSameIntent } from "../sdk/same_intent.ts";
import { IMAGE_MODEL, OMNI_MODEL, VEO_MODEL } from "../sdk/samples.ts";
import { type Kind, type Message, object, Studio } from "./studio.ts";

Deno.test("the functions ask for the same as the official clients", async (test) => {
  await using studio = await Studio.start({ deno: "current" });

  /** The request that a message leads to. A video goes to Omni when Veo is retired. */
  async function requestFor(kind: Kind, message: Message, omni = false) {
    studio.simulator.reset();
    if (omni) studio.simulator.script({ match: { model: VEO_MODEL }, preset: "retired" });
    await studio.send(kind, { storyboardId: "board", ...message });
    assert.equal((await studio.run(kind)).report.succeeded, 1);
    const request = studio.simulator.requests.find(({ accepted }) => accepted);
    assert.ok(request);
    return request;
  }

  await studio.send("image", { storyboardId: "board", sceneId: "s", prompt: "A lighthouse" });
  await studio.run("image");
  const sourceImageUrl = studio.publicUrl("storyboard-images", "board/s.png");
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
      await officialImageRequest({ model: IMAGE_MODEL, prompt, source }),
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
      await requestFor("video", { ...asked, durationSeconds: "8" }, true),
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
      await requestFor("video", { ...asked, sourceImageUrl }, true),
      await officialOmniRequest({ model: OMNI_MODEL, ...official }),
    );
  });
});
