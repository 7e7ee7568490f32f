/** The functions under the Deno that Supabase hosts: a job of each kind. */
import assert from "node:assert/strict";
import { denoBinary } from "../../local/stack/functions/deno_binary.ts";
import { OMNI_MODEL, VEO_MODEL, VERTEX_MODEL } from "../simulator/client.ts";
import { isMp4, isPng, object, withTestProject } from "../support/test_project.ts";

withTestProject("functions under Deno 2.1.4", async (project, test) => {
  const storyboardId = project.storyboard();
  const scene = { storyboardId, sceneId: "s" };
  const source = project.publicUrl("storyboard-images", `${storyboardId}/s.png`);

  await test.step("an image", async () => {
    const key = await project.entity(`scene:${storyboardId}:s`);
    const id = await project.send("image", { ...scene, prompt: "A hero on a cliff" });
    const { status, report } = await project.run("image");
    assert.deepEqual([status, report.succeeded], [200, 1]);
    const { asset_url } = await project.job(id);
    assert.equal((await project.valueOf(key)).imageUrl, asset_url);
    const made = await object(asset_url!);
    assert.ok(isPng(made.bytes));
    assert.deepEqual((await object(source)).bytes, made.bytes);
  });

  await test.step("an edit of it", async () => {
    const original = await object(source);
    const edit = { ...scene, prompt: "At night", sourceImageUrl: source, editMode: true };
    const id = await project.send("image", edit);
    assert.equal((await project.run("image")).report.succeeded, 1);
    const made = await object((await project.job(id)).asset_url!);
    assert.notDeepEqual(made.bytes, original.bytes);
  });

  await test.step("a video from it, by Veo, by Omni and by Vertex AI", async () => {
    for (const model of [VEO_MODEL, OMNI_MODEL, VERTEX_MODEL]) {
      const video = { ...scene, prompt: "A slow pan", sourceImageUrl: source, model };
      const id = await project.send("video", video);
      assert.equal((await project.run("video")).report.succeeded, 1);
      const job = await project.job(id);
      assert.equal(job.model, model);
      assert.ok(isMp4((await object(job.asset_url!)).bytes));
    }
  });
}, { stack: { denoVersion: "2.1.4" } });

const OUTSIDE = {
  "names are looked up, and http goes to the checked address": "lookup_test.ts",
  "videos are passed on, and one that is cut is an error": "pass_on_test.ts",
};

for (const [what, file] of Object.entries(OUTSIDE)) {
  Deno.test(`${what}, under Deno 2.1.4`, async () => {
    const args = ["test", "-A", "--no-config", "--no-lock", "--no-check", "--quiet"];
    const command = new Deno.Command(await denoBinary("2.1.4"), {
      args: [...args, `tests/functions/${file}`],
      env: { NO_COLOR: "1" },
    });
    const { success, stdout, stderr } = await command.output();
    const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    assert.ok(success, text);
    assert.match(text, /ok \| [1-9]\d* passed/);
  });
}
