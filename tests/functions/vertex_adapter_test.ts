/** Tokens and addresses of Vertex AI, against a token endpoint that checks what it is shown. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { videoAdapters } from "../../supabase/functions/_shared/adapters.ts";
import type { Configuration } from "../../supabase/functions/_shared/environment.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { endless } from "../support/endless.ts";
import { serve } from "../support/loopback.ts";
import { newAccount, readStatement, type TestAccount, variablesOf } from "./service_account.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const TOKEN_URL = "https://oauth2.googleapis.com/token";
const GLOBAL = "https://aiplatform.googleapis.com";
const US = "https://us-central1-aiplatform.googleapis.com";
const MODEL = "v1/publishers/google/models/veo-3.1-fast-generate-001";
const MODELS = { VIDEO_MODELS: "vertex/veo-3.1-fast-generate-001" };

function configurationOf(values: Record<string, string>): Configuration {
  const environment = { ...hostedValues(newKeys()), ...MODELS, ...values };
  const { configuration, problems } = readConfiguration(environmentOf(environment), "video");
  deepEqual(problems, []);
  return configuration!;
}

/** Keys are dear: an account whose tokens another test may have cached is told apart by its address. */
const { pem, publicKey } = newAccount();
const anotherAccount = (): TestAccount => ({
  email: `a-${crypto.randomUUID()}@my-project.iam.gserviceaccount.com`,
  pem,
  publicKey,
});

interface World {
  /** The answer of the token endpoint. */
  token?: (count: number) => Response | Promise<Response>;
  /** The answer of every other server. */
  answer?: (request: Request) => Response | Promise<Response>;
  values?: Record<string, string>;
}

/** The adapter of Vertex AI with servers of the test's own. */
function vertex({ token, answer, values }: World = {}) {
  const account = anotherAccount();
  const exchanges: Request[] = [];
  const sent: Request[] = [];
  const issued = (count: number) =>
    Response.json({ access_token: `ya29.token-${count}-${account.email}`, expires_in: 3599 });
  const send = async (url: string, init: RequestInit) => {
    const request = new Request(url, init);
    if (request.url === TOKEN_URL) {
      exchanges.push(request.clone());
      return await (token ?? issued)(exchanges.length);
    }
    sent.push(request.clone());
    return await (answer ?? (() => Response.json({})))(request);
  };
  const configuration = configurationOf({ ...variablesOf(account), ...values });
  const secrets = new KnownSecrets([]);
  const adapter = () => videoAdapters(configuration, { send, secrets }).vertex;
  const post = (path = `${MODEL}:predictLongRunning`, init?: RequestInit) =>
    adapter().fetch(`${adapter().url}/${path}`, { method: "POST", body: "{}", ...init });
  return { account, adapter, post, exchanges, sent, secrets };
}

const bearers = (sent: Request[]) => sent.map(({ headers }) => headers.get("authorization"));
const urls = (sent: Request[]) => sent.map(({ url }) => url);

async function errorOf(response: Response) {
  equal(response.status, 401);
  const { error } = await response.json();
  equal(error.status, "UNAUTHENTICATED");
  return error.message as string;
}

Deno.test("a statement is signed as Google asks for it, and exchanged for a token", async () => {
  const { account, post, exchanges, sent } = vertex();
  equal((await post()).status, 200);
  const [exchange] = exchanges;
  equal(exchange.method, "POST");
  equal(exchange.headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
  const form = new URLSearchParams(await exchange.text());
  equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  deepEqual([...form.keys()], ["grant_type", "assertion"]);
  const { header, claims } = readStatement(form.get("assertion")!, account)!;
  deepEqual(header, { alg: "RS256", typ: "JWT" });
  const { iat, ...others } = claims;
  ok(Math.abs(iat - Date.now() / 1000) < 60);
  deepEqual(others, {
    iss: account.email,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    aud: TOKEN_URL,
    exp: iat + 3600,
  });
  deepEqual(bearers(sent), [`Bearer ya29.token-1-${account.email}`]);
});

Deno.test("a path gets project, location and host; an operation keeps its own", async () => {
  const operation = "publishers/google/models/m/operations/x:fetchPredictOperation";
  const place = "v1/projects/my-project/locations";
  const cases: [location: string, path: string, url: string][] = [
    ["us-central1", `${MODEL}:x`, `${US}/${place}/us-central1/${MODEL.slice(3)}:x`],
    ["global", `${MODEL}:x`, `${GLOBAL}/${place}/global/${MODEL.slice(3)}:x`],
    [
      "eu",
      `${MODEL}:x`,
      `https://aiplatform.eu.rep.googleapis.com/${place}/eu/${MODEL.slice(3)}:x`,
    ],
    ["global", `v1/projects/7/locations/us-central1/${operation}`, ""],
    ["us-central1", "v1beta1/interactions", ""],
    ["europe-west4", "v1beta1/interactions/a?b=c", ""],
  ];
  cases[3][2] = `${US}/${cases[3][1]}`;
  const interactions = `${GLOBAL}/v1beta1/projects/my-project/locations/global/interactions`;
  cases[4][2] = interactions;
  cases[5][2] = `${interactions}/a?b=c`;
  for (const [location, path, url] of cases) {
    const { post, sent } = vertex({ values: { GOOGLE_VERTEX_LOCATION: location } });
    await post(path);
    deepEqual(urls(sent), [url]);
  }
});

Deno.test("another server gets all paths, and those of Cloud Storage, if one is named", async () => {
  const values = { GOOGLE_VERTEX_BASE_URL: "http://127.0.0.1:9/vertex/" };
  const { adapter, post, sent } = vertex({ values });
  equal(adapter().url, "http://127.0.0.1:9/vertex");
  await post();
  await adapter().fetch("https://storage.googleapis.com/storage/v1/b/b/o/a%2Fb?alt=media", {});
  deepEqual(urls(sent), [
    `http://127.0.0.1:9/vertex/v1/projects/my-project/locations/us-central1/${MODEL.slice(3)}` +
    ":predictLongRunning",
    "http://127.0.0.1:9/vertex/storage/v1/b/b/o/a%2Fb?alt=media",
  ]);
  ok(bearers(sent).every((bearer) => bearer !== null));
});

Deno.test("the token goes to Vertex AI and to objects of Cloud Storage, and nowhere else", async () => {
  const { account, adapter, sent } = vertex();
  const get = (url: string) => adapter().fetch(url, { headers: { authorization: "smuggled" } });
  await get("https://storage.googleapis.com/storage/v1/b/b/o/a%2Fb?alt=media");
  equal(bearers(sent).at(-1), `Bearer ya29.token-1-${account.email}`);
  for (
    const url of [
      "https://storage.googleapis.com/bucket/object",
      "https://storage.googleapis.com/storage/v1/b/b",
      "https://storage.googleapis.com/storage/v1/b/b/o/../../../../upload",
      "http://storage.googleapis.com/storage/v1/b/b/o/a",
      "https://storage.googleapis.com.evil.example/storage/v1/b/b/o/a",
      "https://evil.example/storage/v1/b/b/o/a",
      "https://us-central1-aiplatform.googleapis.com.evil.example/v1/x",
      "https://aiplatform.googleapis.com.evil.example/v1/x",
      "https://aiplatform.googleapis.com@evil.example/v1/x",
      "http://aiplatform.googleapis.com/v1/x",
      "https://generativelanguage.googleapis.com/v1beta/files/a:download?alt=media",
    ]
  ) {
    await get(url);
    equal(bearers(sent).at(-1), null, url);
    equal(sent.at(-1)!.url, new URL(url).href);
  }
});

Deno.test("a location that is none leads to no host", async () => {
  const { post, sent } = vertex();
  for (const location of ["evil.example%2F", "evil.example#", "us-central1.evil", "a@b"]) {
    const path = `v1/projects/p/locations/${encodeURIComponent(location)}/publishers/x`;
    await rejects(post(path), /names no location/);
  }
  equal(sent.length, 0);
});

Deno.test("an API key goes into its header, without project and location", async () => {
  const GOOGLE_VERTEX_API_KEY = `AIza${crypto.randomUUID()}`;
  const none = { GOOGLE_CLIENT_EMAIL: "", GOOGLE_PRIVATE_KEY: "" };
  const { adapter, post, sent, exchanges } = vertex({ values: { ...none, GOOGLE_VERTEX_API_KEY } });
  await post();
  await adapter().fetch("https://storage.googleapis.com/storage/v1/b/b/o/a", {});
  equal(exchanges.length, 0);
  equal(sent[0].url, `${GLOBAL}/${MODEL}:predictLongRunning`);
  deepEqual(sent.map(({ headers }) => headers.get("x-goog-api-key")), [
    GOOGLE_VERTEX_API_KEY,
    null,
  ]);
});

Deno.test("one token serves all runs until five minutes before its end", async () => {
  const { post, exchanges, sent } = vertex();
  const clock = Date.now;
  const start = Date.now();
  try {
    for (const seconds of [0, 1, 3298]) {
      Date.now = () => start + seconds * 1000;
      await post();
    }
    equal(exchanges.length, 1);
    Date.now = () => start + 3300 * 1000;
    await post();
    await post();
    equal(exchanges.length, 2);
  } finally {
    Date.now = clock;
  }
  equal(new Set(bearers(sent)).size, 2);
});

Deno.test("requests at the same time share one exchange, and one after refusals", async () => {
  const refused = new Set<string>();
  const { post, exchanges, sent } = vertex({
    answer: ({ headers }) =>
      new Response(null, { status: refused.has(headers.get("authorization")!) ? 401 : 200 }),
  });
  await Promise.all([post(), post(), post()]);
  equal(exchanges.length, 1);
  refused.add(bearers(sent)[0]!);
  const answers = await Promise.all([post(), post(), post()]);
  deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  equal(exchanges.length, 2);
});

Deno.test("a refused token is renewed once, and the request sent once more", async () => {
  const { post, exchanges, sent } = vertex({ answer: () => new Response("no", { status: 401 }) });
  equal((await post()).status, 401);
  equal(exchanges.length, 2);
  equal(sent.length, 2);
});

Deno.test("a body is sent again as it was, streamed or not, over real connections", async () => {
  let requests = 0;
  await using server = serve(async (request) => {
    if (new URL(request.url).pathname === "/token") {
      return Response.json({ access_token: `ya29.${crypto.randomUUID()}`, expires_in: 3599 });
    }
    const length = request.headers.get("content-length");
    // The first is refused before its body has been read to the end.
    if (++requests % 2 === 1) return new Response("token expired", { status: 401 });
    const bytes = new Uint8Array(await request.arrayBuffer());
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return Response.json({ length, digest: [...new Uint8Array(digest)] });
  });
  const values = { GOOGLE_VERTEX_BASE_URL: server.url, GOOGLE_TOKEN_URL: `${server.url}/token` };
  const configuration = configurationOf({ ...variablesOf(anotherAccount()), ...values });
  const { vertex } = videoAdapters(configuration);
  for (const size of [0, 10, 4 * 1024 * 1024, 9 * 1024 * 1024]) {
    const bytes = new Uint8Array(size).map((_, i) => i * i % 251);
    const pieces = Array.from(
      { length: Math.ceil(size / 65536) },
      (_, i) => bytes.slice(i * 65536, (i + 1) * 65536),
    );
    for (const body of [bytes, ReadableStream.from(pieces)]) {
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      const answer = await vertex.fetch(`${server.url}/${MODEL}:x`, init);
      equal(answer.status, 200);
      const { length, digest } = await answer.json();
      deepEqual(digest, [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]);
      // Long streams are not kept in memory as a whole, so their length is not known.
      const isKept = body === bytes || size <= 4 * 1024 * 1024;
      equal(length, isKept ? String(size) : null);
    }
  }
});

const oauth = (status: number, error: string, error_description?: string) => () =>
  Response.json({ error, error_description }, { status });

Deno.test("an account that gets no token is told what to do, and nothing is sent", async () => {
  const cases: [World["token"], RegExp][] = [
    [
      oauth(
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable " +
          "timeframe. Check your iat and exp values in the JWT claim.",
      ),
      /clock/,
    ],
    [oauth(400, "invalid_grant", "Invalid JWT Signature."), /create a new key/],
    [oauth(400, "invalid_grant", "Invalid grant: account not found"), /deleted or disabled/],
    [oauth(401, "invalid_client", "The OAuth client was not found."), /create a new key/],
    [oauth(401, "disabled_client"), /create a new key/],
    [oauth(400, "invalid_request"), /GOOGLE_TOKEN_URL/],
  ];
  for (const [token, remedy] of cases) {
    const { post, sent, exchanges } = vertex({ token });
    match(await errorOf(await post()), remedy);
    equal(exchanges.length, 1);
    equal(sent.length, 0);
  }
});

Deno.test("a key that is whole and yet cannot sign is named", async () => {
  const der = pem.trim().split("\n");
  // In the middle of the numbers: the frame around them stays whole.
  der[10] = [...der[10]].reverse().join("");
  const { post, sent } = vertex({ values: { GOOGLE_PRIVATE_KEY: der.join("\n") } });
  const answer = await post().catch((error) => error);
  // An engine that does not check the numbers signs with them, and Google refuses the signature.
  if (answer.status === 401) match(await errorOf(answer), /GOOGLE_PRIVATE_KEY cannot sign/);
  else equal(sent.length, 1);
});

Deno.test("while the endpoint has trouble nothing is sent, and an old token serves to its end", async () => {
  for (
    const token of [
      () => new Response(null, { status: 500 }),
      () => new Response("busy", { status: 429 }),
      () => Promise.reject(new TypeError("connection reset")),
      () => new Response(endless().body),
      // Pages of what is on the way say nothing of the key.
      () => new Response("<html>Sign in</html>", { status: 403 }),
      () => new Response("<html>Sign in</html>"),
      () => new Response("<html>Not found</html>", { status: 404 }),
      () => new Response(null, { status: 302, headers: { location: "/" } }),
      () => Response.json({ id_token: "x" }),
      () => Response.json({ access_token: "two words" }),
      oauth(400, "temporarily_unavailable"),
    ]
  ) {
    const { post, sent } = vertex({ token });
    await rejects(post(), { name: "NotSent" });
    equal(sent.length, 0);
  }
  const { post, sent } = vertex({
    token: (count) =>
      count === 1
        ? Response.json({ access_token: "ya29.the-old-token", expires_in: 3599 })
        : new Response(null, { status: 503 }),
  });
  const clock = Date.now;
  const start = Date.now();
  try {
    await post();
    Date.now = () => start + 3500 * 1000;
    await post();
    Date.now = () => start + 3600 * 1000;
    await rejects(post(), { name: "NotSent" });
  } finally {
    Date.now = clock;
  }
  equal(sent.length, 2);
});

Deno.test("without credentials nothing is sent, and the answer says what is missing", async () => {
  const sent: Request[] = [];
  const configuration = configurationOf({ VIDEO_MODELS: "gemini-omni-1.1-flash" });
  const { vertex } = videoAdapters(configuration, {
    send: (url, init) => (sent.push(new Request(url, init)), Promise.resolve(new Response())),
  });
  const answer = await vertex.fetch(`${vertex.url}/${MODEL}:x`, { method: "POST" });
  match(await errorOf(answer), /GOOGLE_SERVICE_ACCOUNT_JSON/);
  equal(sent.length, 0);
});

Deno.test("a token that a service quotes is taken out, in an answer and later", async () => {
  const opaque = `opaque${crypto.randomUUID().replaceAll("-", "")}`;
  const { post, secrets } = vertex({
    token: () => Response.json({ access_token: opaque, expires_in: 3599 }),
    answer: ({ headers }) =>
      new Response(`refused: ${headers.get("authorization")}`, { status: 403 }),
  });
  equal(await (await post()).text(), "refused: Bearer [redacted]");
  equal(secrets.hide(`${opaque} was in a log`), "[redacted] was in a log");
});
