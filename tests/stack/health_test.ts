import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { portForStart } from "../support/ports.ts";
import { misconfigurations } from "../../local/start/health.ts";
import { functionsOf, projectWith, smallStack } from "./support.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

function saying(health: unknown): string {
  return `export default { fetch: () => Response.json(${JSON.stringify(health)}) };`;
}

Deno.test("each invalid or missing variable of a function is named, with what is expected", async () => {
  const project = await projectWith({
    images: saying({
      status: "unconfigured",
      missing: ["A_KEY"],
      invalid: [{ variable: "MAX_ATTEMPTS", expected: "a whole number" }],
    }),
    other: `export default { fetch: () => new Response("hello") };`,
    videos: saying({ status: "ok" }),
  });
  const stack = await smallStack({ functionsRoot: functionsOf(project) });
  try {
    deepEqual(await misconfigurations(stack), [
      "images: A_KEY is not set",
      "images: MAX_ATTEMPTS must be a whole number",
    ]);
  } finally {
    await stack.close();
    await Deno.remove(project, { recursive: true });
  }
});

Deno.test("start names the invalid variable and exits with 1", async () => {
  const data = await Deno.makeTempDir({ prefix: "start-" });
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        START,
        "--once",
        "--no-sample",
        `--port=${portForStart()}`,
        `--data=${data}`,
      ],
      env: { VIDEO_MODELS: "foo" },
    }).output();
    equal(code, 1);
    match(
      new TextDecoder().decode(stderr),
      /^cannot run process-video-generation: VIDEO_MODELS must be model ids[^\n]*\n$/,
    );
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
