/** The pgTAP suite of `supabase/tests/database` and `stand_ins`, in PGlite and on real PostgreSQL. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { openMigratedPglite } from "../support/pglite.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import {
  EXTENSIONS,
  PGTAP,
  pgtapFiles,
  runPgtapFile,
  supabaseTestFiles,
  tapProblems,
} from "./tap.ts";

Deno.test("a TAP stream with a failure, or with a broken plan, is a failure", () => {
  assert.deepEqual(tapProblems(["1..1", "ok 1 - fine"]), []);
  assert.deepEqual(tapProblems(["1..1", "not ok 1 - bad", "# Failed test 1"]), [
    "not ok 1 - bad",
    "# Failed test 1",
  ]);
  assert.equal(tapProblems(["1..2", "ok 1"]).length, 1);
  assert.equal(tapProblems(["ok 1"]).length, 1);
});

/** A change of an object that Supabase owns, or a write that it grants to no role but its own. */
const FOREIGN_CHANGE = new RegExp(
  String.raw`\b(?:create|alter|drop|truncate)\s+` +
    String
      .raw`(?:extension\b|(?:(?:or|replace|schema|table|view|function|sequence|if|not|exists)\s+)*` +
    String.raw`(?:cron|net|vault|storage|auth|realtime)\b)|\b(?:insert\s+into|update)\s+vault\.`,
  "i",
);

Deno.test("what `supabase test db` runs changes no object of Supabase's and rolls back", async (t) => {
  assert.match("create or replace function net.http_post(", FOREIGN_CHANGE);
  assert.match("drop schema vault cascade;", FOREIGN_CHANGE);
  assert.match("drop table if exists net._http_response;", FOREIGN_CHANGE);
  assert.match("update vault.secrets set", FOREIGN_CHANGE);
  assert.match("drop extension pg_net;", FOREIGN_CHANGE);
  const entries = (folder: string) =>
    [...Deno.readDirSync(new URL(`../../supabase/tests/${folder}`, import.meta.url))]
      .map(({ name }) => name).sort();
  assert.deepEqual(entries(""), ["database"]);
  assert.deepEqual(entries("database"), supabaseTestFiles().map(({ name }) => name));

  for (const { name, url } of supabaseTestFiles()) {
    await t.step(name, async () => {
      const statements = (await Deno.readTextFile(url)).replaceAll(/--.*$/gm, "").trim();
      assert.doesNotMatch(statements, FOREIGN_CHANGE);
      assert.match(statements, /^begin;/);
      assert.match(statements, /rollback;$/);
      assert.doesNotMatch(statements, /^\s*commit\b/m);
    });
  }
});

Deno.test("pgTAP in PGlite", async (t) => {
  const database = await openMigratedPglite({ pgtap: true });
  try {
    await database.exec(PGTAP + EXTENSIONS);
    for (const file of pgtapFiles()) {
      await t.step(file.name, () =>
        runPgtapFile(file, async (sql) => {
          const results = await database.exec(sql).catch(async (error) => {
            await database.exec("rollback");
            throw error;
          });
          return results.map((result) => result.rows as Record<string, unknown>[]);
        }));
    }
  } finally {
    await database.close();
  }
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
        await t.step(file.name, () =>
          runPgtapFile(file, async (sql) => {
            const results = await owner.unsafe(sql).simple().catch(async (error) => {
              await owner.unsafe("rollback");
              throw error;
            });
            return results as unknown as Record<string, unknown>[][];
          }));
      }
      await owner`select pg_stat_force_next_flush()`;
      await owner.end();

      await t.step("every function was called", async () => {
        // Those without a search path of their own are inlined, so that no call of them is counted.
        const uncalled = await superuser`
          select p.oid::regprocedure::text as name
          from pg_proc as p
          left join pg_stat_user_functions as calls on calls.funcid = p.oid
          where p.pronamespace in ('public'::regnamespace, 'generation_private'::regnamespace)
            and p.proconfig is not null
            and calls.calls is null`;
        assert.deepEqual(uncalled.map(({ name }) => name), []);
      });
      await superuser.end();
    } finally {
      await server.close();
    }
  });
}
