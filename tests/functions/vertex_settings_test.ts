/** The variables of Vertex AI, in every form in which people set them. */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { knownSecrets } from "../../supabase/functions/_shared/credentials.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { createRedact } from "../../supabase/functions/_shared/redact.ts";
import { VariableError } from "../../supabase/functions/_shared/variable.ts";
import { readVertexSettings } from "../../supabase/functions/_shared/vertex/settings.ts";
import { newAccount, variablesOf } from "./service_account.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const account = newAccount();
const lines = account.pem.trim().split("\n");
const der = new Uint8Array(Buffer.from(lines.slice(1, -1).join(""), "base64"));

function read(change: Record<string, string> = {}) {
  return readVertexSettings(environmentOf({ ...variablesOf(account), ...change }))!;
}

function keyOf(values: Record<string, string>): Uint8Array {
  const { credentials } = read(values);
  ok("privateKey" in credentials);
  return credentials.privateKey;
}

const file = {
  type: "service_account",
  project_id: "file-project",
  private_key_id: "1234",
  private_key: account.pem,
  client_email: account.email,
  token_uri: "https://oauth2.googleapis.com/token",
};

/** Only a service account's JSON. */
const fileOnly = (text: string, more: Record<string, string> = {}) =>
  readVertexSettings(environmentOf({ GOOGLE_SERVICE_ACCOUNT_JSON: text, ...more }))!;

Deno.test("a key is read with line breaks of any kind, and in quotes", () => {
  for (
    const text of [
      account.pem,
      account.pem.trim(),
      lines.join("\r\n"),
      lines.join("\\n"),
      `${lines.join("\\n")}\\n`,
      lines.join("\\r\\n"),
      lines.join("\\\\n"),
      `"${lines.join("\\n")}\\n"`,
      `'${account.pem}'`,
      ` "${account.pem}" `,
      lines.join(" "),
      [lines[0], lines.slice(1, -1).join(""), lines.at(-1)].join("\\n"),
    ]
  ) {
    deepEqual(keyOf({ GOOGLE_PRIVATE_KEY: text }), der, JSON.stringify(text.slice(0, 60)));
  }
});

Deno.test("a location is us-central1 unless it is set", () => {
  deepEqual(read().project, { id: "my-project", location: "us-central1" });
  for (const location of ["global", "europe-west4", "us"]) {
    equal(read({ GOOGLE_VERTEX_LOCATION: location }).project?.location, location);
  }
});

Deno.test("the JSON of an account has all that is needed, and its project can be another", () => {
  for (
    const text of [
      JSON.stringify(file),
      JSON.stringify(file, null, 2),
      `'${JSON.stringify(file)}'`,
      JSON.stringify(file, null, 2).replaceAll("\\n", "\n"),
      JSON.stringify(file).replaceAll("\\n", "\r\n"),
    ]
  ) {
    const { project, credentials } = fileOnly(text);
    equal(project?.id, "file-project");
    deepEqual(credentials, {
      clientEmail: account.email,
      privateKey: der,
      tokenUrl: "https://oauth2.googleapis.com/token",
      variable: "GOOGLE_SERVICE_ACCOUNT_JSON",
    });
  }
  const other = fileOnly(JSON.stringify(file), { GOOGLE_VERTEX_PROJECT: "other-project" });
  equal(other.project?.id, "other-project");
});

Deno.test("tokens come from Google unless the JSON or a variable names another server", () => {
  const tokenUrl = (settings: ReturnType<typeof read>) =>
    "tokenUrl" in settings.credentials && settings.credentials.tokenUrl;
  const stated = JSON.stringify({ ...file, token_uri: "http://127.0.0.1:9/token" });
  equal(tokenUrl(read()), "https://oauth2.googleapis.com/token");
  equal(tokenUrl(fileOnly(stated)), "http://127.0.0.1:9/token");
  const both = fileOnly(stated, { GOOGLE_TOKEN_URL: "http://127.0.0.1:8/token" });
  equal(tokenUrl(both), "http://127.0.0.1:8/token");
});

Deno.test("an API key is used where there is no account, and belongs to no project", () => {
  const apiKey = `AIza${crypto.randomUUID()}`;
  const environment = { GOOGLE_VERTEX_API_KEY: apiKey, GOOGLE_VERTEX_PROJECT: "p" };
  deepEqual(readVertexSettings(environmentOf(environment)), {
    baseUrl: undefined,
    credentials: { apiKey },
  });
  ok("privateKey" in read({ GOOGLE_VERTEX_API_KEY: apiKey }).credentials);
  equal(readVertexSettings(environmentOf({ GOOGLE_VERTEX_PROJECT: "p" })), undefined);
  equal(readVertexSettings(environmentOf({ GOOGLE_PRIVATE_KEY: "no key" })), undefined);
});

/** Everything but the right key, and what has to be said about it. */
function badKeys(): [name: string, text: string, said: RegExp][] {
  const other = (type: "pkcs1" | "spki", pem: { privateKey: string; publicKey: string }) =>
    type === "pkcs1" ? pem.privateKey : pem.publicKey;
  const pkcs1 = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const ec = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const framed = (body: string) =>
    `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`;
  return [
    ["no PEM", "hunter2-hunter2", /BEGIN PRIVATE KEY/],
    ["no frame", lines.slice(1, -1).join("\n"), /BEGIN PRIVATE KEY/],
    ["PKCS#1", other("pkcs1", pkcs1), /PKCS#1.*openssl pkcs8 -topk8 -nocrypt/],
    ["a public key", other("spki", pkcs1), /not the public key/],
    ["an elliptic curve", ec.privateKey, /of RSA/],
    [
      "an encrypted key",
      account.pem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
      /without a password/,
    ],
    ["a beginning", lines.slice(0, 5).join("\n"), /whole/],
    ["a cut body", framed(lines.slice(1, 9).join("\n")), /a part of it is missing/],
    ["no base64", framed("****"), /whole/],
    ["nothing in the frame", framed(""), /a part of it is missing/],
    ["two keys", `${account.pem}${account.pem}`, /whole/],
  ];
}

/** No run of a text is in another. */
function sharesNothing(said: string, secret: string): void {
  for (let at = 0; at + 12 <= secret.length; at += 4) {
    const part = secret.slice(at, at + 12);
    ok(/^[-A-Z .]*$/.test(part) || !said.includes(part), `${said} has ${part}`);
  }
}

Deno.test("a malformed key is named with what was expected, and nothing of it is said", () => {
  for (const [name, text, said] of badKeys()) {
    for (
      const [variable, values] of [
        ["GOOGLE_PRIVATE_KEY", { ...variablesOf(account), GOOGLE_PRIVATE_KEY: text }],
        ["GOOGLE_SERVICE_ACCOUNT_JSON", {
          GOOGLE_SERVICE_ACCOUNT_JSON: JSON.stringify({ ...file, private_key: text }),
        }],
      ] as const
    ) {
      throws(() => readVertexSettings(environmentOf(values)), (error) => {
        ok(error instanceof VariableError, name);
        equal(error.variable, variable, name);
        ok(said.test(error.message), `${name}: ${error.message}`);
        sharesNothing(error.message, text);
        return true;
      });
    }
  }
});

Deno.test("of the JSON it says that its private_key is wrong, and not that it must be one", () => {
  const json = JSON.stringify({ ...file, private_key: "no key" });
  throws(
    () => read({ GOOGLE_SERVICE_ACCOUNT_JSON: json }),
    /^VariableError: GOOGLE_SERVICE_ACCOUNT_JSON must be JSON with the private_key of a service account: from -----BEGIN/,
  );
});

Deno.test("other variables that do not parse are named as well", () => {
  const bad: [variable: string, values: Record<string, string>][] = [
    ["GOOGLE_VERTEX_PROJECT", { GOOGLE_VERTEX_PROJECT: "My Project" }],
    ["GOOGLE_VERTEX_PROJECT", { GOOGLE_VERTEX_PROJECT: "a/../b" }],
    ["GOOGLE_VERTEX_PROJECT", { GOOGLE_VERTEX_PROJECT: "" }],
    ["GOOGLE_VERTEX_LOCATION", { GOOGLE_VERTEX_LOCATION: "us-central1.evil.test/" }],
    ["GOOGLE_VERTEX_LOCATION", { GOOGLE_VERTEX_LOCATION: "evil.test#" }],
    ["GOOGLE_CLIENT_EMAIL", { GOOGLE_CLIENT_EMAIL: "worker" }],
    ["GOOGLE_TOKEN_URL", { GOOGLE_TOKEN_URL: "oauth2.googleapis.com" }],
    ["GOOGLE_VERTEX_BASE_URL", { GOOGLE_VERTEX_BASE_URL: "aiplatform" }],
    ["GOOGLE_SERVICE_ACCOUNT_JSON", { GOOGLE_SERVICE_ACCOUNT_JSON: "/home/me/key.json" }],
    ["GOOGLE_SERVICE_ACCOUNT_JSON", { GOOGLE_SERVICE_ACCOUNT_JSON: '{"installed":{}}' }],
    ["GOOGLE_SERVICE_ACCOUNT_JSON", { GOOGLE_SERVICE_ACCOUNT_JSON: "null" }],
  ];
  for (const [variable, values] of bad) {
    throws(() => read(values), (error) => (error as VariableError).variable === variable);
  }
});

Deno.test("a wrong variable stops the functions only where a model needs it", () => {
  const problems = (models: string) =>
    readConfiguration(
      environmentOf({
        ...hostedValues(newKeys()),
        ...variablesOf(account),
        GOOGLE_PRIVATE_KEY: "wrong",
        VIDEO_MODELS: models,
      }),
      "video",
    ).problems.map(({ variable }) => variable);
  deepEqual(problems("gemini-omni-1.1-flash"), []);
  deepEqual(problems("vertex/veo-3.1-fast-generate-001"), ["GOOGLE_PRIVATE_KEY"]);
});

Deno.test("no part of an account's key gets through a log", () => {
  const body = lines.slice(1, -1);
  const given: [variable: string, value: string][] = [
    ["GOOGLE_PRIVATE_KEY", account.pem],
    ["GOOGLE_PRIVATE_KEY", lines.join("\\n")],
    ["GOOGLE_SERVICE_ACCOUNT_JSON", JSON.stringify(file)],
  ];
  for (const values of given.map(([variable, value]) => ({ [variable]: value }))) {
    const redact = createRedact(new KnownSecrets(knownSecrets(environmentOf(values))));
    for (
      const text of [
        account.pem,
        lines.join("\\n"),
        body.join(""),
        body.join("\n"),
        JSON.stringify(file),
      ]
    ) {
      const shown = redact(`it has ${text}`) as string;
      ok(!shown.includes(body[3]) && !shown.includes(body[12]), shown);
    }
  }
  // Also one that is not ours.
  ok(!(createRedact()(newAccount().pem) as string).includes("MII"));
});
