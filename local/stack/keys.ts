import { writePrivateFile } from "../private_file.ts";

/** The keys that a project's dashboard shows under "API keys", and other secrets. */
export interface Keys {
  secretKey: string;
  publishableKey: string;
  /** Signs storage URLs and users' tokens. */
  signingSecret: string;
  /** The password of the database's owner. */
  databasePassword: string;
  /** The password of the database's superuser, which stays in this process. */
  superuserPassword: string;
}

function random(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...values)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
}

function generate(): Keys {
  return {
    secretKey: `sb_secret_${random(24)}`,
    publishableKey: `sb_publishable_${random(24)}`,
    signingSecret: random(32),
    databasePassword: random(24),
    superuserPassword: random(24),
  };
}

/** The keys of a stack: generated at the first start in a folder, and kept for later ones. */
export async function loadKeys(file?: string): Promise<Keys> {
  const keys = generate();
  if (file === undefined) return keys;
  try {
    Object.assign(keys, JSON.parse(await Deno.readTextFile(file)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await writePrivateFile(file, JSON.stringify(keys, null, 2) + "\n");
  return keys;
}
