import assert from "node:assert/strict";
import { isPng, object, withTestProject } from "../support/test_project.ts";

const BUCKET = "storyboard-images";

withTestProject("images", async (project, test) => {
  await test.step("a scene's image is stored, linked and current", async () => {
    const board = project.storyboard();
    const key = await project.entity(`scene:${board}:scene-001`);
    const id = await project.send("image", {
      storyboardId: board,
      sceneId: "scene-001",
      prompt: "A hero on a cliff",
    });
    const { status, report } = await project.run("image");
    assert.equal(status, 200);
    assert.equal(report.succeeded, 1);
    assert.equal(report.stopped, "empty");

    const job = await project.job(id);
    assert.equal(job.status, "succeeded");
    assert.equal(job.object_path, `${board}/scenes/scene-001/${id}.png`);
    assert.equal(job.model, "gemini-2.5-flash-image");
    assert.equal(Number(job.cost_usd).toFixed(3), "0.039");
    const own = await object(job.asset_url!);
    assert.ok(isPng(own.bytes));
    assert.equal(own.type, "image/png");

    const value = await project.valueOf(key);
    assert.equal(value.title, "kept");
    assert.equal(value.imageUrl, job.asset_url);
    assert.match(value.imageGeneratedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    assert.equal(value.updatedAt, value.imageGeneratedAt);
    const [{ recent }] = await project.stack.sql<{ recent: boolean }>(
      "select (value->>'imageGeneratedAt')::timestamp > now() at time zone 'utc' - interval '1 minute' as recent from public.kv_store_7ee7668a where key = $1",
      [key],
    );
    assert.ok(recent);

    const current = await object(project.publicUrl(BUCKET, `${board}/scene-001.png`));
    assert.deepEqual(current.bytes, own.bytes);
    assert.equal(current.type, "image/png");
    assert.equal((await project.messages("image")).queued, 0);
  });

  const places: [what: string, ids: Record<string, string>, own: string, current: string[]][] = [
    ["a character", { characterId: "c" }, "characters/c", ["characters/c"]],
    ["both", { sceneId: "s", characterId: "c" }, "scenes/s", ["s", "characters/c"]],
    ["neither", {}, "jobs", []],
  ];
  for (const [what, ids, own, current] of places) {
    await test.step(`an image of ${what} is stored, and linked to what it names`, async () => {
      const board = project.storyboard();
      const scene = await project.entity(`scene:${board}:s`);
      const character = await project.entity(`character:${board}:c`);
      const id = await project.send("image", { storyboardId: board, prompt: what, ...ids });
      await project.run("image");
      const { object_path, asset_url } = await project.job(id);
      assert.equal(object_path, `${board}/${own}/${id}.png`);
      await object(asset_url!);
      const linked = (id?: string) => id ? asset_url : undefined;
      assert.equal((await project.valueOf(scene)).imageUrl, linked(ids.sceneId));
      assert.equal((await project.valueOf(character)).imageUrl, linked(ids.characterId));
      for (const path of current) await object(project.publicUrl(BUCKET, `${board}/${path}.png`));
    });
  }

  await test.step("an edit is made from its source in the project's own storage", async () => {
    const board = project.storyboard();
    await project.send("image", { storyboardId: board, sceneId: "s", prompt: "The original" });
    await project.run("image");
    const source = project.publicUrl(BUCKET, `${board}/s.png`);
    const original = await object(source);
    project.simulator.reset();
    await project.send("image", {
      storyboardId: board,
      sceneId: "s",
      prompt: "Add dramatic sunset",
      sourceImageUrl: source,
      editMode: true,
    });
    const { report } = await project.run("image");
    assert.equal(report.succeeded, 1);
    const [request] = project.simulator.requests;
    assert.equal(request.kind, "image");
    assert.match(JSON.stringify(request.body), /inlineData/);
    assert.notDeepEqual((await object(source)).bytes, original.bytes, "the current object is new");
  });

  await test.step("an object of a private bucket is a source only where the bucket is named", async () => {
    const { url, secretKey, sql } = project.stack;
    const board = project.storyboard();
    await project.send("image", { storyboardId: board, sceneId: "s", prompt: "The original" });
    await project.run("image");
    const { bytes } = await object(project.publicUrl(BUCKET, `${board}/s.png`));
    const headers = { apikey: secretKey, "content-type": "image/png" };
    await sql("insert into storage.buckets (id, name) values ('vault', 'vault')");
    const objects = `${url}/storage/v1/object`;
    await fetch(`${objects}/vault/s.png`, { method: "POST", headers, body: bytes as BodyInit });
    const signing = await fetch(`${objects}/sign/vault/s.png`, {
      ...{ method: "POST", headers: { apikey: secretKey, "content-type": "application/json" } },
      body: JSON.stringify({ expiresIn: 60 }),
    });
    const { signedURL } = await signing.json();
    await sql("update storage.buckets set public = false where id = $1", [BUCKET]);
    project.simulator.reset();
    const outcome = async (sourceImageUrl: string) => {
      const message = { storyboardId: board, prompt: "p", sourceImageUrl, editMode: true };
      const id = await project.send("image", message);
      await project.run("image");
      const { status, error_message } = await project.job(id);
      return [status, /SOURCE_IMAGE_BUCKETS/.test(error_message ?? "")];
    };
    for (const path of ["public/vault", "authenticated/vault", "vault"]) {
      assert.deepEqual(await outcome(`${objects}/${path}/s.png`), ["failed", true], path);
    }
    assert.deepEqual(await outcome(`${url}/storage/v1${signedURL}`), ["failed", true]);
    assert.equal(project.simulator.requests.length, 0);
    for (const way of ["public/", "authenticated/", ""]) {
      const own = `${objects}/${way}${BUCKET}/${board}/s.png`;
      assert.deepEqual(await outcome(own), ["succeeded", false], way);
    }
    await sql("update storage.buckets set public = true where id = $1", [BUCKET]);
  });

  await test.step("two runs drain one queue together", async () => {
    const board = project.storyboard();
    for (let number = 0; number < 10; number++) {
      await project.send("image", { storyboardId: board, prompt: `Panel ${number}` });
    }
    project.simulator.reset();
    const runs = await Promise.all([project.run("image"), project.run("image")]);
    assert.equal(runs[0].report.succeeded + runs[1].report.succeeded, 10);
    assert.equal(project.simulator.accepted("image"), 10);
  });

  await test.step("an image in the background is polled over several runs and paid for once", async () => {
    const { simulator } = project;
    simulator.reset();
    simulator.script({ match: { kind: "poll" }, preset: "pending", times: "always" });
    const message = { storyboardId: project.storyboard(), prompt: "Large", imageSize: "4K" };
    const id = await project.send("image", message);
    const polls = () => simulator.requests.filter(({ kind }) => kind === "poll").length;
    for (let runs = 1; runs <= 3; runs++) {
      const { report } = await project.run("image", { budgetSeconds: 1 });
      assert.deepEqual([report.claimed, report.waiting], [1, 1]);
      const { status, attempts, operation } = await project.job(id);
      assert.deepEqual([status, attempts], ["waiting", 0]);
      assert.equal(operation!.model, "gemini-nano-banana-2.1");
      assert.ok(polls() >= runs - 1, "each run after the first one asks for it");
      await project.makeVisible("image");
    }
    const { body } = simulator.requests.find(({ kind }) => kind === "image")!;
    assert.equal((body as { background?: boolean }).background, true);

    const requests = [...simulator.requests];
    simulator.reset();
    const data = btoa("\x89PNG\r\n\x1a\n\0\0\0\0IHDR\0\0\0\0");
    const content = [{ type: "image", mime_type: "image/png", data }];
    simulator.script({
      match: { kind: "poll" },
      body: { status: "completed", steps: [{ type: "model_output", content }] },
    });
    assert.equal((await project.run("image", { budgetSeconds: 30 })).report.succeeded, 1);
    const job = await project.job(id);
    assert.equal(btoa(String.fromCharCode(...(await object(job.asset_url!)).bytes)), data);
    assert.deepEqual([job.attempts, Number(job.cost_usd)], [1, 0.113]);
    const paid = [...requests, ...simulator.requests].filter(({ accepted }) => accepted);
    assert.equal(paid.length, 1);
  });

  await test.step("a new key is served by the next model, whose JPEG is stored as what it is", async () => {
    const board = project.storyboard();
    project.simulator.reset();
    project.simulator.script({
      match: { method: "POST", model: "gemini-2.5-flash-image" },
      preset: "closed",
      times: "always",
    });
    const id = await project.send("image", { storyboardId: board, sceneId: "s", prompt: "A gate" });
    const seeded = await project.send("image", { storyboardId: board, prompt: "p", seed: 7 });
    await project.run("image");
    const job = await project.job(id);
    assert.equal(job.model, "gemini-nano-banana-2.1");
    assert.equal(job.object_path, `${board}/scenes/s/${id}.jpg`);
    const own = await object(job.asset_url!);
    assert.equal(own.type, "image/jpeg");
    assert.deepEqual([...own.bytes.slice(0, 3)], [0xff, 0xd8, 0xff]);
    const current = await object(project.publicUrl(BUCKET, `${board}/s.png`));
    assert.equal(current.type, "image/jpeg");
    assert.deepEqual(current.bytes, own.bytes);
    assert.ok(Number(job.cost_usd) > 0.0336, "its thoughts are paid for");
    assert.equal((await project.job(seeded)).model, "gemini-3.1-flash-image");
  });
});
