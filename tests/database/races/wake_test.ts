/** Senders, and the workers that they wake. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { EXTENSIONS } from "../tap.ts";
import { race } from "./sessions.ts";

Deno.test("senders and the workers that they wake", (t) =>
  race(t, async (step) => {
    await step("senders wake workers without waiting for each other", async (sessions) => {
      const { a, b, onlooker } = sessions;
      await installSchedule(onlooker);
      await a`begin`;
      await send(a);
      // a has called a worker, and may yet roll that back: b relies on its own call, and is served
      // while a's transaction is open.
      await send(b);
      assert.equal(await calls(onlooker), 1);
      await a`rollback`;
      assert.equal(await calls(onlooker), 1);
      await send(a);
      assert.equal(await calls(onlooker), 1, "b's call is known by now");
    });

    await step("what is rolled back calls no worker", async ({ a, onlooker }) => {
      await installSchedule(onlooker);
      await a`begin`;
      await send(a);
      assert.equal(await calls(a), 1);
      await a`rollback`;
      assert.equal(await calls(onlooker), 0);
    });

    await step("a sender does not wait for a table that is being altered", async (sessions) => {
      const { a, b, onlooker } = sessions;
      await installSchedule(onlooker);
      for (const table of ["generation_private.worker_calls", "net.http_request_queue"]) {
        await a`begin`;
        await a.unsafe(`lock table ${table} in access exclusive mode`);
        await b`set statement_timeout = '10s'`; // or a sender that waits would wait for ever
        await send(b);
        await a`rollback`;
      }
      const [{ sent }] =
        await onlooker`select count(*)::int as sent from pgmq.image_generation_queue`;
      assert.equal(sent, 3 + 2);
      assert.equal(await calls(onlooker), 0);
    });

    await step(
      "two hundred senders at once call few more workers than are allowed",
      async (sessions) => {
        const { onlooker, another } = sessions;
        await installSchedule(onlooker);
        const senders = Array.from({ length: 10 }, another);
        await Promise.all(senders.map(async (sender) => {
          for (let n = 0; n < 20; n++) await send(sender);
        }));
        const made = await calls(onlooker);
        // Four are allowed; a session may call beside one whose transaction it cannot see yet.
        assert.ok(made >= 4 && made <= 4 + senders.length, `${made} calls`);
      },
    );
  }));

/** Installs the schedule over stand-ins of its extensions; no worker has been called yet. */
async function installSchedule(session: Sql): Promise<void> {
  await session.unsafe(EXTENSIONS);
  await session`select public.install_generation_schedule('https://project.test', 'key')`;
  await session`truncate net.http_request_queue, generation_private.worker_calls`;
}

async function send(session: Sql): Promise<void> {
  await session`select pgmq.send('image_generation_queue', '{}')`;
}

/** How many calls of workers a session sees; pg_net sends what is committed. */
async function calls(session: Sql): Promise<number> {
  const [{ calls }] = await session`select count(*)::int as calls from net.http_request_queue`;
  return calls;
}
