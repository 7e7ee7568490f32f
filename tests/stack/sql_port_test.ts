import { deepEqual, equal, match, rejects } from "node:assert/strict";
import pg from "pg";
import type { Stack } from "../../local/stack/mod.ts";
import { send, smallStack } from "./support.ts";

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
  await stack.sql("create table public.notes (id int)");
});
Deno.test.afterAll(() => stack.close());

async function withClients(
  count: number,
  use: (...clients: pg.Client[]) => Promise<void>,
  { databaseUrl } = stack,
): Promise<void> {
  const clients = Array.from({ length: count }, () => new pg.Client(databaseUrl));
  for (const client of clients) {
    client.on("error", () => {}); // Being thrown out is part of some tests.
    await client.connect();
  }
  try {
    await use(...clients);
  } finally {
    for (const client of clients) await client.end();
  }
}

async function notes(): Promise<number[]> {
  const rows = await stack.sql<{ id: number }>("select id from public.notes order by id");
  return rows.map(({ id }) => id);
}

Deno.test("several clients with prepared statements of the same name work at once", () =>
  withClients(3, async (...clients) => {
    const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const which = i % 3;
      // The same name stands for another statement in every connection.
      const text = `select $1::int as value, '${which}' as "from"`;
      const { rows } = await clients[which].query({ name: "statement", text, values: [i] });
      return rows[0];
    }));
    deepEqual(answers, answers.map((_: unknown, i: number) => ({ value: i, from: String(i % 3) })));
  }));

Deno.test("an error leaves the connection usable", () =>
  withClients(1, async (client) => {
    for (const values of [undefined, []]) {
      await rejects(client.query("select 1 / (select 0)", values), { code: "22012" });
      await rejects(client.query("selekt", values), { code: "42601" });
      deepEqual((await client.query("select 1 as one", values)).rows, [{ one: 1 }]);
    }
  }));

Deno.test("others see a transaction when it is committed, and never what was rolled back", () =>
  withClients(2, async (writer, reader) => {
    await stack.sql("truncate public.notes");
    await writer.query("begin");
    await writer.query("insert into public.notes values (1)");
    const fromClient = reader.query("select id from public.notes");
    const fromApi = notes();
    await writer.query("insert into public.notes values (2)");
    await writer.query("commit");
    equal((await fromClient).rows.length, 2);
    deepEqual(await fromApi, [1, 2]);

    await writer.query("begin");
    await writer.query("delete from public.notes");
    const kept = notes();
    await writer.query("rollback");
    deepEqual(await kept, [1, 2]);
  }));

Deno.test("a client that leaves in the middle of a transaction takes it along", async () => {
  await stack.sql("truncate public.notes");
  await withClients(1, async (client) => {
    await client.query("begin");
    await client.query("insert into public.notes values (3)");
  });
  deepEqual(await notes(), []);
});

Deno.test("a client that sits in a transaction is thrown out when others wait", async () => {
  const impatient = await smallStack({ idleInTransactionMs: 50 });
  await withClients(1, async (client) => {
    const gone = new Promise<Error>((resolve) => client.on("error", resolve));
    await client.query("begin");
    await client.query("create table public.unfinished (id int)");
    const waited = "select to_regclass('public.unfinished') as found";
    deepEqual(await impatient.sql(waited), [{ found: null }]);
    equal((await gone as Error & { code: string }).code, "25P03");
  }, impatient);
  await impatient.close();
});

Deno.test("a client keeps its role and search path, and the API never has them", () =>
  withClients(2, async (one, other) => {
    const where = "select current_user::text as role, current_setting('search_path') as path";
    const normal = (await other.query(where)).rows[0];
    await one.query("set search_path = pgmq");
    await one.query("set role anon");
    deepEqual((await other.query(where)).rows, [normal]);
    deepEqual(await stack.sql(where), [normal]);
    deepEqual((await one.query(where)).rows, [{ role: "anon", path: "pgmq" }]);
    await rejects(one.query("select * from public.generation_jobs"), { code: "42501" });
  }));

Deno.test("a function made by a client can be called through the API at once", () =>
  withClients(1, async (client) => {
    await client.query("create function public.fresh() returns int language sql as 'select 7'");
    const reply = await send(`${stack.url}/rest/v1/rpc/fresh`, {
      method: "POST",
      body: "{}",
      headers: { apikey: stack.secretKey, "content-type": "application/json" },
    });
    deepEqual([reply.status, reply.body], [200, 7]);
  }));

Deno.test("copy from stdin is refused and nothing else suffers", () =>
  withClients(1, async (client) => {
    await rejects(client.query("copy public.notes from stdin"), { code: "0A000" });
    deepEqual((await client.query("select 1 as one")).rows, [{ one: 1 }]);
  }));

Deno.test("what is not PostgreSQL's protocol is hung up on", async () => {
  const { port } = new URL(stack.databaseUrl);
  await rejects(fetch(`http://127.0.0.1:${port}/`));
  equal((await stack.sql<{ one: number }>("select 1 as one"))[0].one, 1);
});

Deno.test("the ledger and the queues are there, as on Supabase", () =>
  withClients(1, async (client) => {
    const { rows } = await client.query("select pgmq.send('image_generation_queue', $1)", [
      { storyboardId: "sql", prompt: "from SQL" },
    ]);
    match(String(rows[0].send), /^\d+$/);
    const queue = await client.query("select message from pgmq.image_generation_queue");
    equal(queue.rows[0].message.prompt, "from SQL");
    const ledger = await client.query("select status from public.generation_jobs");
    deepEqual(ledger.rows, [{ status: "queued" }]);
  }));
