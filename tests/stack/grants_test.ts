/** What each key may do with each function and each table. */

import { deepEqual, equal } from "node:assert/strict";
import type { Stack } from "../../local/stack/mod.ts";
import { postJson, send, smallStack } from "./support.ts";

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
});
Deno.test.afterAll(() => stack.close());

/** Our functions, with the names of their arguments. */
function functions(): Promise<{ name: string; parameters: string[] }[]> {
  return stack.sql(`
    select proname as name, coalesce(proargnames[1:pronargs], '{}') as parameters
    from pg_proc
    where pronamespace = 'public'::regnamespace
      and (proname like '%generation%' or proname = 'link_generated_asset')
    order by proname`);
}

function call(name: string, parameters: string[], key: string) {
  const nothing = Object.fromEntries(parameters.map((parameter) => [parameter, null]));
  return postJson(`${stack.url}/rest/v1/rpc/${name}`, nothing, { apikey: key });
}

Deno.test("the publishable key calls no function of ours", async (t) => {
  const ours = await functions();
  equal(ours.length >= 16, true);
  for (const { name, parameters } of ours) {
    await t.step(name, async () => {
      const { status, body } = await call(name, parameters, stack.publishableKey);
      deepEqual([status, body.code], [401, "42501"], JSON.stringify(body));
    });
  }
});

Deno.test("the secret key calls each of them, which rejects missing arguments", async () => {
  for (const { name, parameters } of await functions()) {
    const { status, body } = await call(name, parameters, stack.secretKey);
    // A missing argument is 22023, a missing extension 55000. Some functions need neither.
    const refused = ["22023", "55000"].includes(body?.code);
    equal(refused || status === 200, true, `${name}: ${status} ${JSON.stringify(body)}`);
  }
});

Deno.test("the publishable key neither reads nor writes a table of ours", async (t) => {
  const headers = { apikey: stack.publishableKey, "content-type": "application/json" };
  const rows = {
    generation_jobs: { filter: "status=eq.queued", row: { status: "cancelled" } },
    kv_store_7ee7668a: { filter: "key=eq.x", row: { key: "x", value: {} } },
    generation_webhooks: { filter: "status=eq.waiting", row: { url: "https://a.example.com/" } },
    generation_webhook_settings: { filter: "only_row=eq.true", row: { local_receivers: true } },
  };
  for (const [table, { filter, row }] of Object.entries(rows)) {
    for (const method of ["GET", "POST", "PATCH", "DELETE"]) {
      await t.step(`${method} ${table}`, async () => {
        const body = method === "POST" || method === "PATCH" ? JSON.stringify(row) : undefined;
        const url = `${stack.url}/rest/v1/${table}?${filter}`;
        const reply = await send(url, { method, headers, body });
        deepEqual([reply.status, reply.body.code], [401, "42501"], JSON.stringify(reply.body));
      });
    }
  }
});

Deno.test("neither key sees the queues, the archives, their views or the internals", async (t) => {
  const schemas = {
    pgmq: [
      "q_image_generation_queue",
      "a_image_generation_queue",
      "image_generation_queue",
      "meta",
    ],
    generation_private: ["rpc/check_queue", "rpc/write_job", "rpc/image_queue_messages"],
  };
  for (const [schema, names] of Object.entries(schemas)) {
    for (const name of names) {
      await t.step(`${schema}.${name}`, async () => {
        for (const apikey of [stack.publishableKey, stack.secretKey]) {
          const named = await send(`${stack.url}/rest/v1/${name}`, {
            headers: { apikey, "accept-profile": schema, "content-profile": schema },
          });
          const unnamed = await send(`${stack.url}/rest/v1/${name}`, { headers: { apikey } });
          for (const { status } of [named, unnamed]) {
            equal([401, 403, 404, 406].includes(status), true, `${status}`);
          }
        }
      });
    }
  }
});
