/** `start --once` as a newcomer runs it: the whole product, its sample storyboard, its exit code. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { portForStart } from "../support/ports.ts";
import { startSimulator } from "../../local/simulator/mod.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

/** Runs it on a free port with a folder of its own. */
async function startOnce(data: string, env: Record<string, string> = {}) {
  const port = portForStart();
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", START, "--once", `--port=${port}`, `--data=${data}`],
    env,
    stderr: "inherit",
  }).output();
  return { code, port, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
}

Deno.test("start --once makes the sample storyboard and ends with 0", async () => {
  const data = await Deno.makeTempDir({ prefix: "start-once-" });
  try {
    const { code, port, lines } = await startOnce(data);
    assert.equal(lines.at(-1), "jobs: 8 succeeded: 8 failed: 0");
    assert.equal(code, 0);
    assert.ok(!lines.join("").includes("\x1b"), "plain lines without a terminal");
    const urls = lines.filter((line) => /succeeded +[\d.]+s +http:\S+\.(png|mp4)$/.test(line));
    assert.equal(urls.length, 8, "a table of addresses");
    const variables = await Deno.readTextFile(join(data, ".env.local"));
    assert.ok(variables.includes(`SUPABASE_URL=http://127.0.0.1:${port}\n`));
    assert.deepEqual(
      variables.match(/^\w+(?==.)/gm),
      [
        ...["SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "DATABASE_URL"],
        ...["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"],
      ],
    );
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("start --once ends with 1 when a job has failed", async () => {
  const data = await Deno.makeTempDir({ prefix: "start-once-" });
  await using provider = await startSimulator();
  // The keeper's portrait is refused; nothing of the sample is made from it.
  provider.script({ match: { prompt: "Portrait of an old" }, preset: "safety", times: "always" });
  try {
    const { code, lines } = await startOnce(data, {
      GOOGLE_GENERATIVE_AI_API_KEY: provider.apiKey,
      GOOGLE_GENERATIVE_AI_BASE_URL: provider.url,
    });
    assert.equal(lines.at(-1), "jobs: 8 succeeded: 7 failed: 1");
    assert.equal(code, 1);
    assert.match(lines.join("\n"), /keeper +failed.*content_blocked/);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
