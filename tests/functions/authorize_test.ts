import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { authorize, contains } from "../../supabase/functions/_shared/authorize.ts";
import { readCredentials } from "../../supabase/functions/_shared/credentials.ts";
import { VariableError } from "../../supabase/functions/_shared/variable.ts";
import { ask, environmentOf, hostedValues, newKeys, post, testFunction } from "./support.ts";

const keys = newKeys();
const values = hostedValues(keys);

type Values = Record<string, string>;

function allowed(headers: HeadersInit, change: Values = {}, base: Values = values) {
  const credentials = readCredentials(environmentOf({ ...base, ...change }));
  return authorize(new Headers(headers), credentials).allowed;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Headers, and whether they start a run. */
const FORMS: [string, HeadersInit, boolean][] = [
  ["Bearer", { Authorization: `Bearer ${keys.secret}` }, true],
  ["bearer", { authorization: `bearer ${keys.secret}` }, true],
  ["BEARER", { AUTHORIZATION: `BEARER ${keys.secret}` }, true],
  ["a tab", { authorization: `Bearer\t${keys.secret}` }, true],
  ["several spaces", { authorization: `Bearer    ${keys.secret}` }, true],
  ["spaces and tabs", { authorization: `Bearer \t ${keys.secret}` }, true],
  ["white space around", { authorization: `  Bearer ${keys.secret}\t ` }, true],
  ["apikey", { apikey: keys.secret }, true],
  ["ApiKey", { ApiKey: keys.secret }, true],
  ["white space around apikey", { apikey: `\t ${keys.secret} ` }, true],
  ["the same in both", { apikey: keys.secret, ...bearer(keys.secret) }, true],
  ["bearer beside a publishable key", { apikey: keys.publishable, ...bearer(keys.secret) }, true],
  ["apikey beside an anon key", { apikey: keys.secret, ...bearer(keys.anon) }, true],
  ["bearer beside nonsense", { apikey: "nonsense", ...bearer(keys.secret) }, true],
  ["apikey beside nonsense", { apikey: keys.secret, authorization: "nonsense" }, true],

  ["nothing", {}, false],
  ["an empty bearer", { authorization: "Bearer" }, false],
  ["a blank bearer", { authorization: "Bearer   " }, false],
  ["an empty header", { authorization: "" }, false],
  ["an empty apikey", { apikey: "" }, false],
  ["a blank apikey", { apikey: " \t" }, false],
  ["no scheme", { authorization: keys.secret }, false],
  ["Basic", { authorization: `Basic ${keys.secret}` }, false],
  ["Basic, encoded", { authorization: `Basic ${btoa(`:${keys.secret}`)}` }, false],
  ["Token", { authorization: `Token ${keys.secret}` }, false],
  ["Digest", { authorization: `Digest response="${keys.secret}"` }, false],
  ["a scheme that ends in it", { authorization: `XBearer ${keys.secret}` }, false],
  ["a scheme that begins with it", { authorization: `Bearers ${keys.secret}` }, false],
  ["no space", { authorization: `Bearer${keys.secret}` }, false],
  ["a colon", { authorization: `Bearer: ${keys.secret}` }, false],
  ["an equals sign", { authorization: `Bearer=${keys.secret}` }, false],
  ["twice the scheme", { authorization: `Bearer Bearer ${keys.secret}` }, false],
  ["two tokens", { authorization: `Bearer ${keys.secret} ${keys.secret}` }, false],
  ["two tokens, one known", { authorization: `Bearer nonsense ${keys.secret}` }, false],
  ["two with a comma", { authorization: `Bearer ${keys.secret}, Bearer ${keys.secret}` }, false],
  ["two headers", [["authorization", `Bearer ${keys.secret}`], ["authorization", "x"]], false],
  ["twice the same header", Array(2).fill(["authorization", `Bearer ${keys.secret}`]), false],
  ["two apikeys", [["apikey", keys.secret], ["apikey", keys.secret]], false],
  ["apikey with a scheme", { apikey: `Bearer ${keys.secret}` }, false],
  ["quotes", bearer(`"${keys.secret}"`), false],
  ["a comma behind it", bearer(`${keys.secret},`), false],
  ["white space inside", bearer(`${keys.secret.slice(0, 20)} ${keys.secret.slice(20)}`), false],
  [
    "a tab inside apikey",
    { apikey: `${keys.secret.slice(0, 20)}\t${keys.secret.slice(20)}` },
    false,
  ],
  ["x-api-key", { "x-api-key": keys.secret }, false],
  ["api-key", { "api-key": keys.secret }, false],
  ["x-goog-api-key", { "x-goog-api-key": keys.secret }, false],
  ["proxy-authorization", { "proxy-authorization": `Bearer ${keys.secret}` }, false],
  ["x-authorization", { "x-authorization": `Bearer ${keys.secret}` }, false],
  ["a cookie", { cookie: `apikey=${keys.secret}; authorization=${keys.secret}` }, false],

  ["upper case", bearer(keys.secret.toUpperCase()), false],
  ["one letter in another case", bearer(keys.secret.replace("sb_s", "sb_S")), false],
  ["all but the last character", bearer(keys.secret.slice(0, -1)), false],
  ["all but the first character", bearer(keys.secret.slice(1)), false],
  ["one character more", bearer(`${keys.secret}x`), false],
  ["one character in front", bearer(`x${keys.secret}`), false],
  ["the key twice", bearer(keys.secret + keys.secret), false],
  ["its prefix", bearer("sb_secret_"), false],
  ["encoded", bearer(encodeURIComponent(`${keys.secret} `)), false],
  ["in base64", bearer(btoa(keys.secret)), false],
  ["both keys, joined", bearer(`${keys.secret},${keys.otherSecret}`), false],
  ["Latin-1", bearer(`${keys.secret}\xe9`), false],
  ["a space of Latin-1 behind it", { apikey: `${keys.secret}\xa0` }, false],
  ["undefined", bearer("undefined"), false],
  ["null", bearer("null"), false],
  ["an object", bearer("[object Object]"), false],
  ["the name of a key", bearer("default"), false],
  ["the name of a role", bearer("service_role"), false],
  ["all keys as they are injected", { apikey: values.SUPABASE_SECRET_KEYS }, false],
  ["8 KB", bearer(keys.secret.padEnd(8193, "x")), false],
  ["1 MB", bearer("x".repeat(1_000_000)), false],
  ["1 MB of the key", { apikey: keys.secret.repeat(25_000) }, false],
  ["1 MB of white space around it", { apikey: keys.secret + " ".repeat(1_000_000) + "x" }, false],
];

for (const [name, headers, may] of FORMS) {
  Deno.test(`${name} ${may ? "starts a run" : "is refused"}`, async () => {
    equal(allowed(headers), may);
    // The function gives the same answer, and a rejected caller starts no run.
    const { handler, runs, lines } = testFunction(values);
    const response = await handler(ask({ method: "POST", headers }));
    equal(response.status, may ? 200 : 401);
    equal(runs.length, may ? 1 : 0);
    if (!may) deepEqual(lines, []);
  });
}

Deno.test("a value that no header can hold is not sent", () => {
  for (
    const text of [`${keys.secret}\0`, `${keys.secret}\nx`, `${keys.secret}\u0142`, "\u{1f511}"]
  ) {
    throws(() => new Headers({ apikey: text }), TypeError);
  }
});

Deno.test("a key in the URL or the body starts no run", async () => {
  const { handler, runs } = testFunction(values);
  for (const name of ["apikey", "key", "token", "access_token", "authorization"]) {
    const response = await handler(
      new Request(`http://functions.test/x?${name}=${keys.secret}`, {
        method: "POST",
        body: JSON.stringify({ [name]: keys.secret }),
      }),
    );
    equal(response.status, 401, name);
  }
  equal(runs.length, 0);
});

/** A JWT as a project would sign it. */
function jwt(header: unknown, claims: unknown, signature: string = crypto.randomUUID()): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part(header)}.${part(claims)}.${signature}`;
}

const HS256 = { alg: "HS256", typ: "JWT" };
const SERVICE = { role: "service_role", iss: "supabase", exp: 4_000_000_000 };

Deno.test("a legacy key is accepted because it is the project's, whatever its claims", () => {
  const expired = jwt(HS256, { ...SERVICE, exp: 1 });
  for (const key of [keys.serviceRole, expired, jwt({ alg: "none" }, SERVICE, "")]) {
    equal(allowed(bearer(key), { SUPABASE_SERVICE_ROLE_KEY: key }), true);
  }
});

Deno.test("another JWT is rejected, whatever its claims", () => {
  const [header, claims, signature] = keys.serviceRole.split(".");
  for (
    const token of [
      jwt(HS256, SERVICE),
      jwt(HS256, SERVICE, signature),
      jwt({ alg: "none", typ: "JWT" }, SERVICE, ""),
      jwt({ alg: "None", typ: "JWT" }, SERVICE, signature),
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${header}.${claims}.${crypto.randomUUID()}`,
      `${btoa('{"alg":"none"}')}.${claims}.${signature}`,
      `${keys.serviceRole}=`,
      `${keys.serviceRole}.`,
      jwt(HS256, { ...SERVICE, role: "supabase_admin" }),
      jwt(HS256, { role: "authenticated", sub: crypto.randomUUID() }),
    ]
  ) {
    equal(allowed(bearer(token)), false, token);
    equal(allowed({ apikey: token }, { ALLOW_PUBLIC_TRIGGER: "true" }), false, token);
  }
});

const PUBLIC = { ...values, ALLOW_PUBLIC_TRIGGER: "true" };
const WITH_WORKER = { ...values, WORKER_SECRET: keys.worker };
const SINGLE = { SUPABASE_SECRET_KEY: keys.secret };
const listOf = (list: Values) => ({ SUPABASE_SECRET_KEYS: JSON.stringify(list) });

/** Which variables let which key start a run. */
const VARIABLES: [string, Values, string, boolean][] = [
  ["each of several secret keys", values, keys.otherSecret, true],
  ["a secret key that is not called default", listOf({ cron: keys.secret }), keys.secret, true],
  ["the single key of a self-hosted project", SINGLE, keys.secret, true],
  ["a legacy key", { SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole }, keys.serviceRole, true],
  ["WORKER_SECRET", WITH_WORKER, keys.worker, true],
  ["WORKER_SECRET alone", { WORKER_SECRET: keys.worker }, keys.worker, true],
  ["the project's keys beside WORKER_SECRET", WITH_WORKER, keys.secret, true],
  [
    "a key with white space around in its variable",
    { WORKER_SECRET: ` ${keys.worker}\n` },
    keys.worker,
    true,
  ],
  ["an anon key with ALLOW_PUBLIC_TRIGGER", PUBLIC, keys.anon, true],
  [
    "a publishable key with ALLOW_PUBLIC_TRIGGER",
    { ...values, ALLOW_PUBLIC_TRIGGER: "TRUE" },
    keys.publishable,
    true,
  ],

  ["an anon key", values, keys.anon, false],
  ["a publishable key", values, keys.publishable, false],
  [
    "the single publishable key",
    { ...SINGLE, SUPABASE_PUBLISHABLE_KEY: keys.publishable },
    keys.publishable,
    false,
  ],
  [
    "an anon key when it says false",
    { ...values, ALLOW_PUBLIC_TRIGGER: "false" },
    keys.anon,
    false,
  ],
  ["an unknown key with ALLOW_PUBLIC_TRIGGER", PUBLIC, keys.worker, false],
  ["no key at all with ALLOW_PUBLIC_TRIGGER", PUBLIC, "", false],
  ["an anon key as WORKER_SECRET", { ...values, WORKER_SECRET: keys.anon }, keys.anon, false],
  [
    "a publishable key among the secret ones",
    { ...values, ...listOf({ default: keys.publishable }) },
    keys.publishable,
    false,
  ],
  ["WORKER_SECRET where there is none", values, keys.worker, false],
  ["Google's key", values, keys.google, false],
  ["any key where nothing is set", {}, keys.secret, false],
  ["no key where nothing is set", {}, "", false],
  ["undefined where nothing is set", {}, "undefined", false],
  ["no key where all is blank", { WORKER_SECRET: " ", SUPABASE_SECRET_KEY: "" }, "", false],
  [
    "undefined where there are no keys in the list",
    { SUPABASE_SECRET_KEYS: "{}" },
    "undefined",
    false,
  ],
];

Deno.test("the variables determine which keys start a run", async (test) => {
  for (const [name, variables, key, may] of VARIABLES) {
    await test.step(`${name}: ${may}`, () => {
      equal(allowed(bearer(key), {}, variables), may);
      equal(allowed({ apikey: key }, {}, variables), may);
    });
  }
});

Deno.test("a list of keys that does not parse rejects every caller, and its error shows no key", async () => {
  const { secret } = keys;
  for (
    const text of [
      secret,
      `"${secret}"`,
      `["${secret}"]`,
      `{"default":"${secret}"`,
      `{default:"${secret}"}`,
      `{'default':'${secret}'}`,
      `{"default":"${secret}",}`,
      `{"default":["${secret}"]}`,
      `{"default":{"key":"${secret}"}}`,
      `{"default":"${secret}","other":null}`,
      `{"default":"${secret}","other":""}`,
      `{"default":"${secret}","other":7}`,
      `{"default":"undefined"}`,
      `{"default":"a b"}`,
      "null",
      "undefined",
      "[]",
      "7",
    ]
  ) {
    const variables = { ...values, SUPABASE_SECRET_KEYS: text, WORKER_SECRET: keys.worker };
    throws(() => readCredentials(environmentOf(variables)), VariableError, text);
    for (const key of [secret, keys.serviceRole, keys.worker, keys.anon, undefined]) {
      const { handler, runs, lines } = testFunction(variables);
      const response = await handler(post(key));
      const said = await response.text();
      equal(response.status, 503, text);
      match(said, /SUPABASE_SECRET_KEYS must be a JSON object from key names to keys/);
      ok(!(said + lines.join()).includes(secret), text);
      equal(runs.length, 0);
    }
  }
});

Deno.test("undefined and null, written by a script without a key, are no keys", () => {
  const names = ["WORKER_SECRET", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"];
  for (const name of names) {
    for (const text of ["undefined", "null", "NULL", " undefined "]) {
      const read = () => readCredentials(environmentOf({ ...values, [name]: text }));
      throws(read, { name: "VariableError", variable: name });
    }
  }
});

Deno.test("a rejection says what to do and nothing about the keys", async () => {
  const detail = async (headers: HeadersInit, variables = values) => {
    const { handler } = testFunction(variables);
    const response = await handler(ask({ method: "POST", headers }));
    equal(response.status, 401);
    deepEqual(
      Object.fromEntries([...response.headers].filter(([name]) => !name.startsWith("access-"))),
      {
        "cache-control": "no-store",
        "content-type": "application/problem+json",
        "vary": "Accept",
        "www-authenticate": "Bearer",
      },
    );
    const { detail, ...rest } = await response.json();
    deepEqual(rest, { type: "about:blank", title: "Unauthorized", status: 401 });
    return detail;
  };
  match(await detail({}), /^Send a secret key of the project, or WORKER_SECRET/);
  match(await detail(bearer(keys.anon)), /ALLOW_PUBLIC_TRIGGER/);
  match(await detail(bearer(keys.secret), {}), /knows no key, so it refuses every caller/);
  // A key that is almost right gets the same answer.
  const unknown = await detail(bearer("x"));
  for (
    const key of [keys.secret.slice(0, -1), `${keys.secret}x`, keys.worker, jwt(HS256, SERVICE)]
  ) {
    equal(await detail(bearer(key)), unknown);
    equal(await detail({ apikey: key }), unknown);
  }
});

Deno.test("only POST requires a key, and only POST starts a run", async () => {
  for (const key of [undefined, keys.anon, keys.secret]) {
    for (
      const [method, status] of [
        ["GET", 200],
        ["HEAD", 200],
        ["OPTIONS", 204],
        ["PUT", 405],
        ["PATCH", 405],
        ["DELETE", 405],
        ["POST", key === keys.secret ? 200 : 401],
      ] as const
    ) {
      const { handler, runs } = testFunction(values);
      const request = ask({
        method,
        headers: { ...(key && bearer(key)), origin: "https://page.example" },
      });
      const response = await handler(request);
      equal(response.status, status, method);
      equal(response.headers.get("access-control-allow-origin"), "*", method);
      // Without it a page cannot send cookies, so no page can use its visitor's key.
      equal(response.headers.get("access-control-allow-credentials"), null, method);
      equal(runs.length, status === 200 && method === "POST" ? 1 : 0, method);
    }
  }
});

Deno.test("as much of every key is compared as was sent, with or without a match", () => {
  // Reads are counted, not timed: equal counts are what makes the times equal.
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const known = Object.values(keys);
  const readsFor = (wanted: string) => {
    let reads = 0;
    const counting = (bytes: Uint8Array) =>
      new Proxy(bytes, {
        get(target, name) {
          if (/^\d+$/.test(String(name))) reads++;
          return Reflect.get(target, name);
        },
      });
    const found = contains(known.map((key) => counting(bytesOf(key))), bytesOf(wanted));
    return { found, reads };
  };
  const [first] = known;
  const nearly = (at: number) => `${first.slice(0, at)}~${first.slice(at + 1)}`;
  const others = [0, 15, first.length - 1].map(nearly);
  others.push(
    "x",
    first.slice(1),
    first.slice(0, -1),
    `${first}x`,
    first.repeat(2),
    "x".repeat(500),
  );
  for (const text of [...known, ...others]) {
    const found = known.includes(text);
    deepEqual(readsFor(text), { found, reads: text.length * known.length }, text);
  }
});
