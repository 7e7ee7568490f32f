/** What pgTAP cannot show of webhooks: sessions that overlap, and rules that are written down twice. */

import assert from "node:assert/strict";
import type { ISql, Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { openMigratedPglite } from "../support/pglite.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { EXTENSIONS } from "./tap.ts";

Deno.test("two looks at a time share the work, and neither waits", async (t) => {
  const server = await startPostgres();
  const sessions: Sql[] = [];
  try {
    const { url } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
    const open = () => {
      const session = connect(url);
      sessions.push(session);
      return session;
    };
    const [owner, other] = [open(), open()];
    await owner.unsafe(EXTENSIONS);
    await migrate(async (sql) => void (await owner.unsafe(sql)));
    await owner.unsafe(`
      update generation_webhook_settings set hosts = array['hooks.example.com'];
      select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
    `);
    await other`set lock_timeout = '1s'`;
    const look = async (session: ISql) => {
      const [{ answered, sent }] = await session`select * from deliver_generation_webhooks()`;
      return { answered, sent };
    };
    const end = (session: ISql) =>
      session.unsafe(`
        select pgmq.send('image_generation_queue', '{"webhookUrl": "https://hooks.example.com/"}');
        select cancel_generation_job(id) from generation_jobs where status = 'queued';
      `);
    const requests = async () => {
      const [{ count }] = await owner`select count(*)::int from net.http_request_queue`;
      return count;
    };
    for (let n = 0; n < 3; n++) await end(owner);
    assert.equal(await requests(), 3);

    await t.step("while sending", async () => {
      await owner`update generation_webhooks set status = 'waiting', next_attempt_at = now()`;
      await owner.begin(async (transaction) => {
        assert.deepEqual(await look(transaction), { answered: 0, sent: 3 });
        assert.deepEqual(await look(other), { answered: 0, sent: 0 });
      });
      assert.deepEqual(await look(other), { answered: 0, sent: 0 });
      assert.equal(await requests(), 6);
    });

    await t.step("while reading answers", async () => {
      await owner`
        insert into net._http_response (id, status_code)
        select request_id, 204 from generation_webhooks`;
      await owner.begin(async (transaction) => {
        assert.deepEqual(await look(transaction), { answered: 3, sent: 0 });
        assert.deepEqual(await look(other), { answered: 0, sent: 0 });
      });
      const delivered = await owner`select from generation_webhooks where status = 'delivered'`;
      assert.equal(delivered.length, 3);
    });

    await t.step("while a job ends", async () => {
      await owner.begin(async (transaction) => {
        await end(transaction);
        assert.deepEqual(await look(other), { answered: 0, sent: 0 });
      });
      assert.deepEqual(await look(other), { answered: 0, sent: 0 });
      assert.equal(await requests(), 7);
    });

    await t.step("while the table is being altered, jobs end", async () => {
      await owner.begin(async (transaction) => {
        await transaction`lock table generation_webhooks`;
        await end(other);
      });
      const [{ count }] = await owner`select count(*)::int from generation_webhooks`;
      assert.equal(count, 4, "not written down");
      assert.deepEqual(await look(owner), { answered: 0, sent: 1 });
      assert.equal(await requests(), 8);
    });
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
    await server.close();
  }
});

Deno.test("no webhook goes to a name from which no source image is fetched", async () => {
  const source = await Deno.readTextFile(
    new URL("../../src/service/source/address.rs", import.meta.url),
  );
  const [, list] = source.match(/const PRIVATE_NAMES: &\[&str\] = &\[(.*?)\];/s)!;
  const names = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  assert.ok(names.length >= 25);

  await using database = await openMigratedPglite();
  for (const name of names) {
    const url = `https://a.${name}/`;
    const { rows } = await database.query<{ reason: string }>(
      "select generation_private.check_webhook_url($1) as reason",
      [url],
    );
    assert.equal(rows[0].reason, "has a host that is not public", url);
  }
});
