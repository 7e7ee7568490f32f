/** The uploaded files run without the rest of the repository. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { startStack } from "../../local/stack/mod.ts";
import { deploy, FUNCTIONS, unpack } from "./deployment.ts";

Deno.test("both functions run from exactly the uploaded files, under Deno 2.1.4", async () => {
  const folder = await Deno.makeTempDir();
  const { uploads } = await deploy();
  await unpack(uploads, folder);

  const simulator = await startSimulator();
  const stack = await startStack({
    functionsRoot: `${folder}/supabase/functions`,
    denoVersion: "2.1.4",
    env: {
      GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
      GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
    },
  });
  try {
    for (const name of FUNCTIONS) {
      const health = await (await fetch(`${stack.url}/functions/v1/${name}`)).json();
      equal(health.name, name);
      equal(health.status, "ok", stack.functionLogs(name).join("\n"));
    }

    const message = { storyboardId: "storyboard-001", sceneId: "scene-001", prompt: "A hero" };
    for (const kind of ["image", "video"]) {
      await stack.sql("select pgmq.send($1, $2::jsonb)", [
        `${kind}_generation_queue`,
        JSON.stringify(message),
      ]);
      const name = `process-${kind}-generation`;
      const response = await fetch(`${stack.url}/functions/v1/${name}`, {
        method: "POST",
        headers: { apikey: stack.secretKey },
      });
      const report = await response.json();
      equal(response.status, 200, JSON.stringify(report) + stack.functionLogs(name).join("\n"));
      equal(report.succeeded, 1);

      const asset = await fetch(report.jobs[0].url);
      equal(asset.status, 200);
      ok((await asset.bytes()).length > 1000);
    }

    const rows = await stack.sql<{ kind: string; status: string }>(
      "select kind, status from public.generation_jobs order by kind",
    );
    deepEqual(rows.map(({ kind, status }) => [kind, status]), [
      ["image", "succeeded"],
      ["video", "succeeded"],
    ]);
  } finally {
    await stack.close();
    await simulator.close();
    await Deno.remove(folder, { recursive: true });
  }
});
