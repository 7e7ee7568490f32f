/** People with pgmq's own functions, in the middle of a worker's work. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrations } from "../../../local/database/migrate.ts";
import { claim, complete, extend } from "../calls.ts";
import { expire, job, overlap, race } from "./sessions.ts";

const QUEUE = "image_generation_queue";

const send = (session: Sql) => session`select pgmq.send(${QUEUE}, '{"prompt": "new"}')`;
const enqueue = (session: Sql) =>
  session`select public.enqueue_generation_job(${QUEUE}, '{"storyboardId": "sb", "prompt": "new"}')`;
const purge = (session: Sql) => session`select pgmq.purge_queue(${QUEUE})`;
const read = (session: Sql) => session`select msg_id from pgmq.read(${QUEUE}, 60, 1)`;
const remove = {
  delete: (session: Sql, id: string) => session`select pgmq.delete(${QUEUE}, ${id}::bigint)`,
  archive: (session: Sql, id: string) => session`select pgmq.archive(${QUEUE}, ${id}::bigint)`,
};

Deno.test("what people do by hand meanwhile", (t) =>
  race(t, async (step) => {
    for (const [name, put] of [["pgmq.send", send], ["an enqueued job", enqueue]] as const) {
      await step(`a purge waits for ${name}, and takes that too`, async (sessions) => {
        const { waited } = await overlap(sessions, put, purge);
        assert.equal(waited, true);
        const { status, error_code } = await job(sessions.onlooker, "new");
        assert.deepEqual([status, error_code], ["cancelled", "message_removed"]);
      });

      await step(`what waits for a purge stays: ${name}`, async (sessions) => {
        const { waited } = await overlap(sessions, purge, put);
        assert.equal(waited, true);
        assert.equal((await job(sessions.onlooker, "new")).status, "queued");
        assert.equal((await job(sessions.onlooker, "1")).status, "cancelled");
      });
    }

    await step("who sends while the migrations are run again waits for them", async (sessions) => {
      const again = async (session: Sql) => {
        for (const { sql } of await migrations()) await session.unsafe(sql);
      };
      const { waited } = await overlap(sessions, again, enqueue);
      assert.equal(waited, true);
      assert.equal((await job(sessions.onlooker, "new")).status, "queued");
    });

    await step("a purge that cannot see every message is refused", async ({ a, b, onlooker }) => {
      await a`begin isolation level repeatable read`;
      await a`select from public.generation_jobs`;
      await send(b);
      await assert.rejects(purge(a), { code: "55000" });
      await a`rollback`;
      assert.equal((await job(onlooker, "new")).status, "queued");
    });

    await step("a purge takes what is being claimed", async (sessions) => {
      const { first: [mine] } = await overlap(sessions, (a) => claim(a), purge);
      assert.deepEqual(await complete(sessions.a, mine), { held: false });
      assert.equal((await job(sessions.onlooker, "1")).error_code, "message_removed");
    });

    await step(
      "pgmq.read takes the lease from a worker that was about to extend it",
      async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        await expire(sessions.onlooker);
        const { second, waited } = await overlap(sessions, read, (b) => extend(b, mine));
        assert.deepEqual([second, waited], [false, true]);
      },
    );

    await step("pgmq.read passes by what a worker is extending", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      await expire(sessions.onlooker);
      const { first, second } = await overlap(sessions, (a) => extend(a, mine), read);
      assert.equal(first, true);
      assert.notEqual(second[0].msg_id, mine.msg_id);
      assert.equal((await complete(sessions.a, mine)).held, true);
    });

    for (const [name, take] of Object.entries(remove)) {
      await step(`a completion that waits for pgmq.${name} stores nothing`, async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const { second, waited } = await overlap(
          sessions,
          (a) => take(a, mine.msg_id),
          (b) => complete(b, mine),
        );
        assert.deepEqual([second, waited], [{ held: false }, true]);
        const { status, error_code } = await job(sessions.onlooker, "1");
        assert.deepEqual([status, error_code], ["cancelled", "message_removed"]);
        const [{ value }] = await sessions.onlooker`select value from public.kv_store_7ee7668a`;
        assert.deepEqual(value, { title: "Cliff" });
      });

      await step(`pgmq.${name} finds nothing after a completion`, async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const { second } = await overlap(
          sessions,
          (a) => complete(a, mine),
          (b) => take(b, mine.msg_id),
        );
        assert.equal(Object.values(second[0])[0], false);
        assert.equal((await job(sessions.onlooker, "1")).status, "succeeded");
      });
    }
  }));
