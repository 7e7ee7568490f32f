/** The token endpoint gives a token for the statement that Google takes, and for no other. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";

const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** What a test changes of a statement that is right. */
interface Change {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  privateKey?: string;
}

function statement({ GOOGLE_CLIENT_EMAIL, GOOGLE_PRIVATE_KEY }: Record<string, string>, {
  header,
  claims,
  privateKey = GOOGLE_PRIVATE_KEY,
}: Change): string {
  const iat = Math.floor(Date.now() / 1000);
  const parts = [{ alg: "RS256", typ: "JWT", ...header }, {
    iss: GOOGLE_CLIENT_EMAIL,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    aud: "https://oauth2.googleapis.com/token",
    iat,
    exp: iat + 3600,
    ...claims,
  }];
  const signed = parts.map((it) => Buffer.from(JSON.stringify(it)).toString("base64url")).join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

async function exchange(simulator: Simulator, form: Record<string, string>) {
  const response = await fetch(simulator.vertexVariables().GOOGLE_TOKEN_URL, {
    method: "POST",
    body: new URLSearchParams({ grant_type: GRANT, ...form }),
  });
  return { status: response.status, json: await response.json() };
}

Deno.test("a statement is exchanged for a token only if all of it is right", async (test) => {
  await using simulator = await startSimulator();
  const variables = simulator.vertexVariables();
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const now = Math.floor(Date.now() / 1000);
  const cases: [name: string, change: Change, error: string, said: RegExp][] = [
    ["another key", { privateKey }, "invalid_grant", /Signature/],
    ["another algorithm", { header: { alg: "none" } }, "invalid_grant", /Signature/],
    ["another account", { claims: { iss: "a@b.test" } }, "invalid_grant", /account not found/],
    ["another audience", { claims: { aud: "https://a.test" } }, "invalid_grant", /audience/],
    ["another scope", { claims: { scope: "openid" } }, "invalid_scope", /scope/],
    ["over", { claims: { iat: now - 200, exp: now - 100 } }, "invalid_grant", /timeframe/],
    ["from long ago", { claims: { iat: now - 3000, exp: now + 600 } }, "invalid_grant", /iat/],
    ["for too long", { claims: { iat: now, exp: now + 3601 } }, "invalid_grant", /short-lived/],
  ];
  for (const [name, change, error, said] of cases) {
    await test.step(name, async () => {
      const { status, json } = await exchange(simulator, {
        assertion: statement(variables, change),
      });
      assert.deepEqual([status, json.error, json.access_token], [400, error, undefined]);
      assert.match(json.error_description, said);
    });
  }
  await test.step("another grant, or no statement", async () => {
    const assertion = statement(variables, {});
    const grant = await exchange(simulator, { assertion, grant_type: "password" });
    assert.deepEqual([grant.status, grant.json.error], [400, "unsupported_grant_type"]);
    const none = await exchange(simulator, { assertion: "x" });
    assert.deepEqual([none.status, none.json.error], [400, "invalid_request"]);
  });
  await test.step("the right one", async () => {
    const { status, json } = await exchange(simulator, { assertion: statement(variables, {}) });
    assert.equal(status, 200);
    assert.match(json.access_token, /^ya29\./);
  });
});
