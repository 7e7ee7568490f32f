/** Thousands in one transaction: each costs what one costs, also in a project that is new. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";

const QUEUE = "image_generation_queue";
const COUNT = 2000;

for (const [major, pgmq] of [[15, "1.5.1"], [18, "1.11.1"]] as const) {
  Deno.test(`many are sent at once, on PostgreSQL ${major}`, async (t) => {
    const server = await startPostgres({ major, settings: { autovacuum: "off" } });
    try {
      for (
        const [name, statement] of [
          ["by pgmq.send", "pgmq.send($1, message)"],
          ["by enqueue_generation_job", "public.enqueue_generation_job($1, message)"],
          [
            "with a key each",
            "public.enqueue_generation_job($1, message, idempotency_key => message ->> 'prompt')",
          ],
        ]
      ) {
        await t.step(name, async () => {
          // Planned while there was nothing in the ledger, and kept for the whole transaction.
          const { url } = await server.createDatabase({ pgmq: { extension: pgmq } });
          const session = connect(url);
          await migrate(async (sql) => void (await session.unsafe(sql)));
          const { sent, read } = await session.begin(async (session) => {
            const rowsRead = async () => {
              const [{ read }] = await session`
                select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read
                from pg_stat_xact_user_tables where relid = 'public.generation_jobs'::regclass`;
              return read as number;
            };
            const before = await rowsRead();
            const sent = await session.unsafe(
              `select ${statement} from (
                 select jsonb_build_object('storyboardId', 'sb', 'prompt', n::text) as message
                 from generate_series(1, ${COUNT}) as n
               ) as messages`,
              [QUEUE],
            );
            return { sent: sent.length, read: await rowsRead() - before };
          });
          await session.end();
          assert.equal(sent, COUNT);
          assert.ok(read <= 10 * COUNT, `${read} rows were read for ${COUNT}`);
        });
      }
    } finally {
      await server.close();
    }
  });
}
