import { equal, match } from "node:assert/strict";
import { authorize } from "../../supabase/functions/_shared/authorize.ts";
import { readCredentials } from "../../supabase/functions/_shared/credentials.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const keys = newKeys();

function verdict(headers: Record<string, string>, values: Record<string, string>) {
  return authorize(new Headers(headers), readCredentials(environmentOf(values)));
}

async function allowed(headers: Record<string, string>, change: Record<string, string> = {}) {
  return (await verdict(headers, { ...hostedValues(keys), ...change })).allowed;
}

Deno.test("a secret key is accepted in every form that clients use", async () => {
  for (
    const headers of [
      { Authorization: `Bearer ${keys.secret}` },
      { authorization: `bearer ${keys.secret}` },
      { AUTHORIZATION: `BEARER   ${keys.secret}` },
      { authorization: `Bearer\t${keys.secret}` },
      { authorization: `  Bearer ${keys.secret}  ` },
      { apikey: keys.secret },
      { ApiKey: ` ${keys.secret} ` },
    ] as Record<string, string>[]
  ) equal(await allowed(headers), true, Object.keys(headers)[0]);
});

Deno.test("every secret key, the legacy key and WORKER_SECRET are accepted", async () => {
  for (const key of [keys.secret, keys.otherSecret, keys.serviceRole]) {
    equal(await allowed({ authorization: `Bearer ${key}` }), true);
  }
  equal(await allowed({ authorization: `Bearer ${keys.worker}` }), false);
  equal(
    await allowed({ authorization: `Bearer ${keys.worker}` }, { WORKER_SECRET: keys.worker }),
    true,
  );
});

Deno.test("the single key of a self-hosted project is accepted", async () => {
  const { allowed } = await verdict({ apikey: keys.secret }, { SUPABASE_SECRET_KEY: keys.secret });
  equal(allowed, true);
});

Deno.test("a bearer token that matters is seen beside a publishable apikey", async () => {
  equal(
    await allowed({ apikey: keys.publishable, authorization: `Bearer ${keys.secret}` }),
    true,
  );
});

Deno.test("whatever is not exactly a known key is refused", async () => {
  const key = keys.secret;
  for (
    const headers of [
      {},
      { authorization: "" },
      { authorization: "Bearer" },
      { authorization: "Bearer " },
      { apikey: "" },
      { apikey: "  " },
      { authorization: key },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${key} ${key}` },
      { authorization: `Bearer ${key}, Bearer ${key}` },
      { authorization: `Bearer ${key.slice(0, -1)}` },
      { authorization: `Bearer ${key}x` },
      { authorization: `Bearer ${key.toUpperCase()}` },
      { authorization: "Bearer undefined" },
      { authorization: "Bearer null" },
      { apikey: "x".repeat(1_000_000) },
      { authorization: `Bearer ${key.repeat(1000)}` },
    ] as Record<string, string>[]
  ) equal(await allowed(headers), false, JSON.stringify(headers).slice(0, 80));
});

Deno.test("public keys are refused, and the refusal says what to do", async () => {
  for (const key of [keys.anon, keys.publishable]) {
    const result = await verdict({ authorization: `Bearer ${key}` }, hostedValues(keys));
    equal(result.allowed, false);
    match((result as { detail: string }).detail, /ALLOW_PUBLIC_TRIGGER/);
  }
});

Deno.test("ALLOW_PUBLIC_TRIGGER=true accepts public keys, and still no unknown ones", async () => {
  const open = { ALLOW_PUBLIC_TRIGGER: "true" };
  equal(await allowed({ authorization: `Bearer ${keys.anon}` }, open), true);
  equal(await allowed({ apikey: keys.publishable }, open), true);
  equal(await allowed({ apikey: keys.worker }, open), false);
  equal(await allowed({}, open), false);
  equal(await allowed({ apikey: keys.anon }, { ALLOW_PUBLIC_TRIGGER: "false" }), false);
});

Deno.test("a public key stays public, also when it was set as WORKER_SECRET", async () => {
  equal(await allowed({ apikey: keys.anon }, { WORKER_SECRET: keys.anon }), false);
});

const NOTHING: Record<string, string>[] = [
  {},
  { WORKER_SECRET: " " },
  { SUPABASE_SECRET_KEYS: "{}" },
];

Deno.test("with nothing configured everybody is refused", async () => {
  for (const key of ["", "undefined", keys.secret, keys.anon]) {
    for (const values of NOTHING) {
      equal((await verdict({ authorization: `Bearer ${key}` }, values)).allowed, false);
      equal((await verdict({ apikey: key }, values)).allowed, false);
    }
  }
});
