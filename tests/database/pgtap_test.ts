/** The pgTAP suite of `supabase/tests/database` and `stand_ins`. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { EXTENSIONS, onPostgres, PGTAP, pgtapFiles, runPgtapFile, tapProblems } from "./tap.ts";

Deno.test("a TAP stream with a failure, or with a broken plan, is a failure", () => {
  assert.deepEqual(tapProblems(["1..1", "ok 1 - fine"]), []);
  assert.deepEqual(tapProblems(["1..1", "not ok 1 - bad", "# Failed test 1"]), [
    "not ok 1 - bad",
    "# Failed test 1",
  ]);
  assert.equal(tapProblems(["1..2", "ok 1"]).length, 1);
  assert.equal(tapProblems(["ok 1"]).length, 1);
});

// What Supabase hosts, and what the newest PostgreSQL brings.
for (const [major, version] of [[15, "1.5.1"], [18, "1.11.1"]] as const) {
  Deno.test(`pgTAP on PostgreSQL ${major} with pgmq ${version}`, async (t) => {
    const server = await startPostgres({ major });
    try {
      const database = await server.createDatabase({ pgmq: { extension: version } });
      const superuser = connect(database.superuserUrl);
      await superuser.unsafe(`${PGTAP} grant usage on schema extensions to public;`);
      const { pathname: name } = new URL(database.url);
      await superuser.unsafe(`alter database ${name.slice(1)} set track_functions = 'all'`);

      const owner = connect(database.url);
      await owner.unsafe(EXTENSIONS);
      await migrate(async (sql) => void (await owner.unsafe(sql)));
      for (const file of pgtapFiles()) {
        await t.step(file.name, () => runPgtapFile(file, onPostgres(owner)));
      }
      await owner`select pg_stat_force_next_flush()`;
      await owner.end();

      await t.step("every function was called", async () => {
        // Those in SQL are inlined, so that no call of them is counted.
        const uncalled = await superuser`
          select p.oid::regprocedure::text as name
          from pg_proc as p
          join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
          left join pg_stat_user_functions as calls on calls.funcid = p.oid
          where p.pronamespace in ('public'::regnamespace, 'generation_private'::regnamespace)
            and calls.calls is null`;
        assert.deepEqual(uncalled.map(({ name }) => name), []);
      });
      await superuser.end();
    } finally {
      await server.close();
    }
  });
}
