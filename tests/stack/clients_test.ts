/** PostgreSQL clients at the address that the stack prints. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import pg from "pg";
import type { Stack } from "../../local/stack/mod.ts";
import { postJson, smallStack } from "./support.ts";

let stack: Stack;
let client: pg.Client;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
  client = new pg.Client(stack.databaseUrl);
  await client.connect();
});
Deno.test.afterAll(async () => {
  await client.end();
  await stack.close();
});

Deno.test("a client finds the ledger and the queues, as on Supabase", async () => {
  const { rows } = await client.query("select pgmq.send('image_generation_queue', $1)", [
    { storyboardId: "sql", prompt: "from SQL" },
  ]);
  match(String(rows[0].send), /^\d+$/);
  const queue = await client.query("select message from pgmq.image_generation_queue");
  equal(queue.rows[0].message.prompt, "from SQL");
  const ledger = await client.query("select status from public.generation_jobs");
  deepEqual(ledger.rows, [{ status: "queued" }]);
});

Deno.test("the API knows at once which functions a client creates or drops", async () => {
  const call = () =>
    postJson(`${stack.url}/rest/v1/rpc/fresh`, {}, { apikey: stack.secretKey })
      .then(({ status, body }) => [status, body.code ?? body]);
  for (let n = 1; n <= 3; n++) {
    await client.query(`create function public.fresh() returns int language sql as 'select ${n}'`);
    deepEqual(await call(), [200, n]);
    await client.query("drop function public.fresh");
    deepEqual(await call(), [404, "PGRST202"]);
  }
});

Deno.test("the server listens on the loopback interface alone and requires the password", async () => {
  const { rows } = await client.query(
    `select name, setting from pg_settings
     where name in ('listen_addresses', 'unix_socket_directories') order by name`,
  );
  deepEqual(rows.map(({ setting }: { setting: string }) => setting), ["127.0.0.1", ""]);
  const url = new URL(stack.databaseUrl);
  for (const password of ["", "postgres"]) {
    url.password = password;
    await rejects(new pg.Client(url.href).connect());
  }
});
