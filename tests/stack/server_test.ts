import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { postJson, smallStack } from "./support.ts";

const QUEUE = "image_generation_queue";

const END_WHO_WAITS = `
  select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`;

Deno.test("a stack on another PostgreSQL server", async (test) => {
  const server = await startPostgres();
  const { superuserUrl } = await server.createDatabase({ pgmq: "available" });
  const stack = await smallStack({ postgres: superuserUrl });
  const other = connect(superuserUrl);
  const headers = { apikey: stack.secretKey };
  const call = (name: string, body: unknown) =>
    postJson(`${stack.url}/rest/v1/rpc/${name}`, body, headers);
  const message = { storyboardId: "board", prompt: "A mill" };
  const enqueue = () => call("enqueue_generation_job", { queue_name: QUEUE, message });
  const jobs = async () => {
    const [{ jobs }] = await stack.sql<{ jobs: number }>(
      "select count(*)::integer as jobs from public.generation_jobs",
    );
    return jobs;
  };

  try {
    await test.step("concurrent calls use connections of their own", async () => {
      const sent = await Promise.all(Array.from({ length: 20 }, enqueue));
      assert.deepEqual(new Set(sent.map(({ status }) => status)), new Set([200]));
      const numbers = sent.map(({ body: [{ msg_id }] }) => msg_id);
      assert.deepEqual(numbers.sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n + 1));
      const quantity = 100;
      const claimed = await call("claim_generation_jobs", {
        queue_name: QUEUE,
        lease_seconds: 30,
        quantity,
      });
      assert.deepEqual(claimed.body[0].message, message);
      assert.match(claimed.body[0].enqueued_at, /^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
      assert.deepEqual(await stack.sql("select 0.390000 as cost"), [{ cost: 0.39 }]);
      const refused = await call("claim_generation_jobs", {
        queue_name: "no queue",
        lease_seconds: 30,
        quantity,
      });
      assert.equal(refused.status, 400);
      assert.equal(refused.body.code, "22023");
    });

    await test.step("a call whose connection breaks changes nothing and is a 503", async () => {
      const before = await jobs();
      await other.begin(async (sql) => {
        // The call waits for this transaction's lock at the end of its work.
        await sql`lock table public.generation_jobs`;
        const waiting = enqueue();
        const ends = async () => (await stack.sql(END_WHO_WAITS)).length > 0;
        await eventually("a call that waits for the lock", ends);
        const { status, body } = await waiting;
        assert.equal(status, 503);
        assert.equal(body.code, "PGRST001");
      });
      assert.equal(await jobs(), before);
    });

    for (const how of ["fast", "immediate"] as const) {
      await test.step(`works after a restart, ${how}`, async () => {
        const before = await jobs();
        await server.restart(how);
        assert.equal((await enqueue()).status, 200);
        assert.equal(await jobs(), before + 1);
      });
    }
  } finally {
    await other.end();
    await stack.close();
    await server.close();
  }
});
