/** Who sees what of the ledger, before and after the policies of docs/database.md. */

import assert from "node:assert/strict";
import type { PGlite } from "@electric-sql/pglite";
import { openMigratedPglite } from "../support/pglite.ts";
import { AUTH, become } from "./auth.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/database.md", import.meta.url));
const [, SECTION] = PAGE.split("### Following jobs as a user\n");
const [PER_USER, PER_TENANT] = [...SECTION.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql]) => sql);

const ANN = "11111111-1111-4111-8111-111111111111";
const BOB = "22222222-2222-4222-8222-222222222222";

const ANONYMOUS = "set local role anon;";
const signedIn = (sub: string, tenant?: string) =>
  become({ sub, ...(tenant && { app_metadata: { tenant_id: tenant } }) });

/** Jobs of both users, of two tenants, and one without an owner. */
async function openLedger(): Promise<PGlite> {
  const database = await openMigratedPglite();
  await database.exec(AUTH);
  for (const owner of [ANN, BOB, "acme", "evil", undefined]) {
    await database.query("select enqueue_generation_job('image_generation_queue', $1)", [
      JSON.stringify({ storyboardId: "sb", prompt: "p", owner }),
    ]);
  }
  return database;
}

/** Runs a statement as a user; nothing of it stays. */
function as(database: PGlite, who: string, statement: string) {
  return database.transaction(async (transaction) => {
    await transaction.exec(who);
    const { rows } = await transaction.query<Record<string, unknown>>(statement);
    await transaction.rollback();
    return rows;
  });
}

const owners = async (database: PGlite, who: string) =>
  (await as(database, who, "select owner from generation_jobs order by enqueued_at"))
    .map(({ owner }) => owner);

const DENIED = { code: "42501" };

Deno.test("no user sees the ledger until the page's policy is there", async () => {
  await using database = await openLedger();
  for (const who of [ANONYMOUS, signedIn(ANN)]) {
    await assert.rejects(owners(database, who), DENIED);
  }
  await database.exec("grant select on generation_jobs to anon, authenticated");
  for (const who of [ANONYMOUS, signedIn(ANN)]) {
    assert.deepEqual(await owners(database, who), [], "a grant alone shows nothing");
  }
});

Deno.test("with it users see their own jobs, and of those what the page grants", async () => {
  await using database = await openLedger();
  await database.exec(PER_USER);
  assert.deepEqual(await owners(database, signedIn(ANN)), [ANN]);
  assert.deepEqual(await owners(database, signedIn(BOB)), [BOB]);
  assert.deepEqual(await owners(database, signedIn("33333333-3333-4333-8333-333333333333")), []);
  await assert.rejects(owners(database, ANONYMOUS), DENIED);

  const secret = [
    "message",
    "prompt",
    "error_message",
    "history",
    "operation",
    "usage",
    "cost_usd",
  ];
  for (const column of [...secret, "*"]) {
    const reading = as(database, signedIn(ANN), `select ${column} from generation_jobs`);
    await assert.rejects(reading, DENIED, column);
  }
  for (
    const writing of [
      "update generation_jobs set owner = 'x'",
      "delete from generation_jobs",
      "insert into generation_jobs (queue, msg_id) values ('image_generation_queue', 99)",
      "select cancel_generation_job(id) from generation_jobs",
    ]
  ) await assert.rejects(as(database, signedIn(ANN), writing), DENIED, writing);
});

Deno.test("or all of their tenant's", async () => {
  await using database = await openLedger();
  await database.exec(PER_USER);
  await database.exec(PER_TENANT);
  assert.deepEqual(await owners(database, signedIn(ANN, "acme")), ["acme"]);
  assert.deepEqual(await owners(database, signedIn(BOB, "evil")), ["evil"]);
  assert.deepEqual(await owners(database, signedIn(BOB)), [], "who has no tenant");
  const pretending = become({ sub: BOB, user_metadata: { tenant_id: "acme" } });
  assert.deepEqual(await owners(database, pretending), [], "what users can write is no tenant");
  await assert.rejects(owners(database, ANONYMOUS), DENIED);
});

Deno.test("Realtime may tell of the ledger", async () => {
  const { rows } = await (async () => {
    await using database = await openMigratedPglite();
    await database.exec("create publication supabase_realtime");
    const migration = "20261128003600_realtime.sql";
    const folder = new URL("../../supabase/migrations/", import.meta.url);
    await database.exec(await Deno.readTextFile(new URL(migration, folder)));
    return await database.query(
      "select schemaname, tablename from pg_publication_tables where pubname = 'supabase_realtime'",
    );
  })();
  assert.deepEqual(rows, [{ schemaname: "public", tablename: "generation_jobs" }]);
});
