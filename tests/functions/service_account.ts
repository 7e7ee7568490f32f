/** A service account of the test's own, with a key that is made for each run. */
import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";

export interface TestAccount {
  email: string;
  /** PKCS#8 in PEM, as Google issues it. */
  pem: string;
  publicKey: KeyObject;
}

export function newAccount(): TestAccount {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return {
    email: `worker-${crypto.randomUUID()}@my-project.iam.gserviceaccount.com`,
    pem,
    publicKey: createPublicKey(pem),
  };
}

/** The variables that name an account. */
export function variablesOf({ email, pem }: TestAccount): Record<string, string> {
  return {
    GOOGLE_VERTEX_PROJECT: "my-project",
    GOOGLE_CLIENT_EMAIL: email,
    GOOGLE_PRIVATE_KEY: pem,
  };
}

/** Header and claims of a signed statement; undefined if the account did not sign it. */
export function readStatement(statement: string, { publicKey }: TestAccount) {
  const [header, claims, signature] = statement.split(".");
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  const own = verify("sha256", signed, publicKey, Buffer.from(signature, "base64url"));
  const json = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return own ? { header: json(header), claims: json(claims) } : undefined;
}
