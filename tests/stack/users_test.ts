import { deepEqual, equal } from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Stack } from "../../local/stack/mod.ts";
import { postJson, smallStack } from "./support.ts";

const USER = "11111111-1111-4111-8111-111111111111";
const IN_AN_HOUR = Math.floor(Date.now() / 1000) + 3600;

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
  await stack.sql(`create function public.who_asks() returns text language sql
    as $$ select concat_ws(' ', current_user, auth.uid()) $$`);
});
Deno.test.afterAll(() => stack.close());

function token(claims: Record<string, unknown>, secret = stack.jwtSecret): string {
  const parts = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => btoa(JSON.stringify(part)).replaceAll("=", "")).join(".");
  return `${parts}.${createHmac("sha256", secret).update(parts).digest("base64url")}`;
}

const ask = (token: string) =>
  postJson(`${stack.url}/rest/v1/rpc/who_asks`, {}, {
    apikey: stack.publishableKey,
    authorization: `Bearer ${token}`,
  });

Deno.test("a user's token makes it that user's request", async () => {
  const claims = { sub: USER, role: "authenticated", exp: IN_AN_HOUR };
  const { status, body } = await ask(token(claims));
  deepEqual([status, body], [200, `authenticated ${USER}`]);
});

Deno.test("a token with another signature, or an expired one, is refused", async () => {
  const claims = { sub: USER, role: "authenticated", exp: IN_AN_HOUR };
  equal((await ask(token(claims, "another secret"))).status, 401);
  equal((await ask(token({ ...claims, exp: IN_AN_HOUR - 7200 }))).status, 401);
});
