import { deepEqual, equal, ok } from "node:assert/strict";
import type { Stack } from "../../local/stack/mod.ts";
import { postJson, send, smallStack } from "./support.ts";

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
});
Deno.test.afterAll(() => stack.close());

const job = {
  queue_name: "image_generation_queue",
  message: { storyboardId: "keys", prompt: "a key" },
};

Deno.test("the secret key runs rpc functions as service_role", async () => {
  await stack.sql(`create function public.who_am_i() returns text language sql
    as $$ select current_user::text $$`);
  const rpc = `${stack.url}/rest/v1/rpc`;
  const asSecret = await postJson(`${rpc}/who_am_i`, {}, { apikey: stack.secretKey });
  equal(asSecret.body, "service_role");
  const enqueued = await postJson(`${rpc}/enqueue_generation_job`, job, {
    apikey: stack.secretKey,
  });
  equal(enqueued.status, 200);
});

Deno.test("the publishable key may neither enqueue nor see the ledger", async () => {
  const headers = { apikey: stack.publishableKey };
  const rpc = await postJson(`${stack.url}/rest/v1/rpc/enqueue_generation_job`, job, headers);
  deepEqual([rpc.status, rpc.body.code], [401, "42501"]);
  for (const table of ["generation_jobs", "kv_store_7ee7668a"]) {
    const rows = await send(`${stack.url}/rest/v1/${table}`, { headers });
    equal(rows.status, 401, table);
    equal(rows.body.code, "42501", table);
  }
});

Deno.test("only the schema public is exposed, with either key", async () => {
  const names = { pgmq: "q_image_generation_queue", generation_private: "rpc/check_queue" };
  for (const [schema, name] of Object.entries(names)) {
    for (const apikey of [stack.publishableKey, stack.secretKey]) {
      const profile = { "accept-profile": schema, "content-profile": schema };
      for (const headers of [{ apikey }, { apikey, ...profile }]) {
        const { status } = await send(`${stack.url}/rest/v1/${name}`, { headers });
        ok([401, 403, 404, 406].includes(status), `${schema}.${name}: ${status}`);
      }
    }
  }
});

Deno.test("a request without a key, or with a wrong one, is refused before the database", async () => {
  const url = `${stack.url}/rest/v1/generation_jobs`;
  equal((await send(url)).status, 401);
  equal((await send(url, { headers: { apikey: "sb_secret_wrong" } })).status, 401);
});

Deno.test("times in rows are ISO 8601, as with PostgREST", async () => {
  const { body } = await send(`${stack.url}/rest/v1/generation_jobs?select=enqueued_at&limit=1`, {
    headers: { apikey: stack.secretKey },
  });
  equal(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/.test(body[0].enqueued_at), true);
});

Deno.test("numbers are JSON numbers, as with PostgREST, and lose no digit", async () => {
  await stack.sql(`create view public.some_numbers as
    select 0.390000 as cost, 12.00 as whole, 100 as hundred, 0.00 as nothing, -1.50 as negative,
      0.12345678901234567890 as long`);
  await stack.sql("grant select on public.some_numbers to service_role");
  const { body } = await send(`${stack.url}/rest/v1/some_numbers`, {
    headers: { apikey: stack.secretKey },
  });
  const [{ long, ...numbers }] = body;
  deepEqual(numbers, { cost: 0.39, whole: 12, hundred: 100, nothing: 0, negative: -1.5 });
  equal(long, "0.12345678901234567890");
});

Deno.test("an error raised in a function reaches the caller with its code", async () => {
  await stack.sql(`create function public.fail_with_code() returns void language plpgsql
    as $$ begin raise exception 'on purpose' using errcode = 'GJ001'; end $$`);
  const { status, body } = await postJson(`${stack.url}/rest/v1/rpc/fail_with_code`, {}, {
    apikey: stack.secretKey,
  });
  deepEqual([status, body.code, body.message], [400, "GJ001", "on purpose"]);
});

Deno.test("requests at the same time do not take each other's role or transaction", async () => {
  const ask = (key: string) =>
    postJson(`${stack.url}/rest/v1/rpc/who_am_i`, {}, { apikey: key }).then(({ body }) => body);
  const expected = Array.from({ length: 40 }, (_, i) => i % 2 ? "anon" : "service_role");
  const answers = await Promise.all(
    expected.map((role) => ask(role === "anon" ? stack.publishableKey : stack.secretKey)),
  );
  deepEqual(answers, expected);
});

Deno.test("a method that no service has is a 405, and not an error of the service", async () => {
  const { port } = new URL(stack.url);
  for (const path of ["/functions/v1/process-image-generation", "/rest/v1/", "/storage/v1/"]) {
    for (const method of ["TRACE", "TRACK"]) {
      // `fetch` refuses to send it.
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
      const answer = await new Response(connection.readable).text();
      equal(answer.split("\r\n")[0], "HTTP/1.1 405 Method Not Allowed", `${method} ${path}`);
    }
  }
});
