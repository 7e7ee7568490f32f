/** That docs/operations.md restores a dump that lacks the queues, with the real pg_dump and psql. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { debian } from "./debian_postgres.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The commands that the page shows for a dump. */
async function commands(): Promise<string> {
  const page = await Deno.readTextFile(`${ROOT}docs/operations.md`);
  const section = page.split("\n## Restoring a backup\n")[1];
  return /^```sh\n(.*?)^```/ms.exec(section)![1];
}

/** Runs them in the repository; `backup.sql` is written to a folder of its own. */
async function restore(from: string, to: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const script = (await commands()).replaceAll("backup.sql", `${folder}/backup.sql`);
    // Debian's clients; elsewhere those that are installed.
    const path = [...(debian ? [debian.bin] : []), Deno.env.get("PATH")].join(":");
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euo", "pipefail", "-c", script],
      cwd: ROOT,
      env: { ...debian?.env, PATH: path, DATABASE_URL: from, NEW_DATABASE_URL: to },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.ok(success, new TextDecoder().decode(stdout) + said);
    return said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A job in each state, told apart by its prompt. */
async function makeJobs(session: Sql): Promise<void> {
  const send = (kind: string, prompt: string) =>
    session`select pgmq.send(${`${kind}_generation_queue`}, ${
      session.json({ storyboardId: "sb", sceneId: "s", prompt })
    })`;
  const end = (prompt: string) =>
    session`select fail_generation_job(queue, msg_id, lease_token, 'no_image', 'no image')
      from generation_jobs where prompt = ${prompt}`;
  await send("image", "failed");
  await session`select from claim_generation_jobs('image_generation_queue', 30, 1)`;
  await end("failed");
  await send("image", "cancelled");
  await session`select cancel_generation_job(id) from generation_jobs where prompt = 'cancelled'`;
  await send("image", "running");
  await session`select from claim_generation_jobs('image_generation_queue', 30, 1)`;
  await send("image", "queued");
  await send("video", "waiting");
  await session`
    select record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}')
    from claim_generation_jobs('video_generation_queue', 600, 1)`;
  await session`
    select defer_generation_job(queue, msg_id, lease_token, 60, false, null, null)
    from generation_jobs where prompt = 'waiting'`;
  await session`insert into kv_store_7ee7668a values ('scene:sb:s', '{"title": "Cliff"}')`;
}

const jobs = async (session: Sql) => {
  const rows = await session`
    select prompt, id, status, error_code, message, operation, enqueued_at
    from generation_jobs order by prompt`;
  return Object.fromEntries(rows.map(({ prompt, ...job }) => [prompt, job]));
};

Deno.test("a dump without the queues is restored by the migrations and the ledger", async () => {
  const server = await startPostgres(
    debian ? { programs: debian, settings: { jit: "off" } } : { major: 15 },
  );
  try {
    const from = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
    const to = await server.createDatabase({ pgmq: "available" });
    const old = connect(from.url);
    await migrate(async (sql) => void (await old.unsafe(sql)));
    await makeJobs(old);
    const before = await jobs(old);
    await old.end();

    const said = await restore(from.url, to.url);
    assert.deepEqual(said.match(/ERROR:.*/g), [
      'ERROR:  relation "pgmq.q_image_generation_queue" does not exist',
      'ERROR:  relation "pgmq.q_video_generation_queue" does not exist',
    ]);

    const restored = connect(to.url);
    assert.deepEqual(await jobs(restored), {
      ...before,
      // No worker has it any more.
      running: { ...before.running, status: "queued" },
    });
    const [entity] = await restored`select value from kv_store_7ee7668a`;
    assert.deepEqual(entity.value, { title: "Cliff" });

    // The work goes on: in the old order, and with the operation that was paid for.
    const claimed = async (queue: string) => {
      const rows = await restored`
        select message ->> 'prompt' as prompt, operation from claim_generation_jobs(${queue}, 30, 5)`;
      return rows.map((row) => ({ ...row }));
    };
    assert.deepEqual(await claimed("image_generation_queue"), [
      { prompt: "running", operation: null },
      { prompt: "queued", operation: null },
    ]);
    assert.deepEqual(await claimed("video_generation_queue"), [
      { prompt: "waiting", operation: { name: "op" } },
    ]);
    await restored`select pgmq.send('image_generation_queue', '{"prompt": "new"}')`;
    assert.equal((await jobs(restored)).new.status, "queued");
    await restored.end();
  } finally {
    await server.close();
  }
});
