/** The uploaded files run without the rest of the repository. */
import { equal, ok } from "node:assert/strict";
import { object, TestProject } from "../support/test_project.ts";
import { deploy, FUNCTIONS, unpack } from "./deployment.ts";

Deno.test("both functions run from exactly the uploaded files, under Deno 2.1.4", async () => {
  const folder = await Deno.makeTempDir();
  const { uploads } = await deploy();
  await unpack(uploads, folder);
  try {
    await using project = await TestProject.start({
      stack: { functionsRoot: `${folder}/supabase/functions`, denoVersion: "2.1.4" },
    });
    const { stack } = project;
    for (const name of FUNCTIONS) {
      const health = await (await fetch(`${stack.url}/functions/v1/${name}`)).json();
      equal(health.name, name);
      equal(health.status, "ok", stack.functionLogs(name).join("\n"));

      // It needs files that are loaded when they are asked for.
      const headers = { authorization: `Bearer ${project.callerKey}` };
      const asked = await fetch(`${stack.url}/functions/v1/${name}?check=provider`, { headers });
      const { provider } = await asked.json();
      const states = provider.models.map(({ state }: { state: string }) => state);
      ok(/^((usable|listed|signed_in),?)+$/.test(states.join()), states.join());
    }

    const message = { storyboardId: "storyboard-001", sceneId: "scene-001", prompt: "A hero" };
    for (const kind of ["image", "video"] as const) {
      const id = await project.send(kind, message);
      const { status, report } = await project.run(kind);
      const logs = stack.functionLogs(`process-${kind}-generation`).join("\n");
      equal(status, 200, JSON.stringify(report) + logs);
      equal(report.succeeded, 1);
      equal((await project.job(id)).status, "succeeded");
      ok((await object(report.jobs[0].url!)).bytes.length > 1000);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
