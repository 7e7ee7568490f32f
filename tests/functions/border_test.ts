/** What crosses the border to WASM: the options, the adapters' addresses, and the replies. No credential does. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { imageAdapters, videoAdapters } from "../../supabase/functions/_shared/adapters.ts";
import type { Adapter, RunOptions } from "../../supabase/functions/_shared/core.ts";
import { type Configuration } from "../../supabase/functions/_shared/environment.ts";
import { newAccount, variablesOf } from "./service_account.ts";
import { hostedValues, newKeys, post, report, testFunction } from "./support.ts";

const keys = newKeys();
const account = variablesOf(newAccount());
const { GOOGLE_PRIVATE_KEY: pem, GOOGLE_CLIENT_EMAIL: client_email } = account;
const keyFile = JSON.stringify({
  type: "service_account",
  project_id: "my-project",
  client_email,
  private_key: pem,
});
const expressKey = `AQ.${crypto.randomUUID().replaceAll("-", "")}`;
const accessToken = `ya29.${crypto.randomUUID()}`;

const MODELS = "gemini-2.5-flash-image,vertex/gemini-2.5-flash-image";

const WAYS: Record<string, Record<string, string>> = {
  "an account in three variables": account,
  "the key file of an account": { GOOGLE_SERVICE_ACCOUNT_JSON: keyFile },
  "an API key": { GOOGLE_VERTEX_API_KEY: expressKey },
};

/** Everything that must stay outside. A key of several lines is known by each of them. */
const SECRETS = [
  ...[keys.google, keys.secret, keys.otherSecret, keys.serviceRole, keys.worker],
  ...[expressKey, accessToken],
  ...pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-")),
];

const secretsIn = (text: string) => SECRETS.filter((secret) => text.includes(secret));

/** A server that refuses, and repeats all that it was sent; the token endpoint gives a token. */
async function confess(url: string, init: RequestInit): Promise<Response> {
  if (url === "https://oauth2.googleapis.com/token") {
    return Response.json({ access_token: accessToken, expires_in: 3599 });
  }
  const sent = [...new Headers(init.headers)].map((header) => header.join(": ")).join("\n");
  ok(secretsIn(sent).length > 0, `${url} was asked with a credential`);
  const message = `${sent}\n${await new Response(init.body).text()}`;
  return Response.json({ error: { code: 400, message } }, { status: 400 });
}

/** The text of a reply as the core gets it, its headers included. */
async function textOf({ url, fetch }: Adapter, path: string): Promise<string> {
  const response = await fetch(`${url}/${path}`, { method: "POST", body: "{}" });
  equal(response.status, 400);
  return JSON.stringify([response.url, ...response.headers]) + await response.text();
}

for (const [name, credentials] of Object.entries(WAYS)) {
  Deno.test(`no credential enters WASM: ${name}`, async () => {
    const given: { configuration: Configuration; options: RunOptions }[] = [];
    const { handler } = testFunction({
      ...hostedValues(keys),
      ...credentials,
      WORKER_SECRET: keys.worker,
      IMAGE_MODELS: MODELS,
    }, (configuration, options) => {
      given.push({ configuration, options });
      return Promise.resolve(report());
    });
    await (await handler(post(keys.secret))).body?.cancel();
    const [{ configuration, options }] = given;
    ok(secretsIn(JSON.stringify(configuration)).length > 0, "they are in the configuration");
    deepEqual(options.models, MODELS.split(","));
    deepEqual(secretsIn(JSON.stringify(options)), []);

    const image = imageAdapters(configuration, { send: confess });
    const video = videoAdapters(configuration, { send: confess });
    deepEqual(secretsIn(JSON.stringify([image, video])), []);
    const path = "v1/publishers/google/models/m:generateContent";
    for (
      const text of [
        await textOf(image.pgmq, "rpc/f"),
        await textOf(image.storage, "object/o"),
        await textOf(image.gemini, "models/m:generateContent"),
        await textOf(video.veo, "models/m:predictLongRunning"),
        await textOf(image.vertex, path),
        await textOf(video.vertex, path),
      ]
    ) {
      ok(text.includes("[redacted]"), text);
      deepEqual(secretsIn(text), [], text);
    }
  });
}
