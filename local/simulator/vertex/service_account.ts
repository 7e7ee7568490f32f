/**
 * The service account that the simulator knows. Its key is made when it is first asked for, once per
 * process, and is in no file.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

export interface ServiceAccount {
  clientEmail: string;
  /** PKCS#8 in PEM, as Google issues keys. */
  privateKey: string;
  publicKey: KeyObject;
}

/** The only project that the account may use. */
export const PROJECT = "simulated-project";

let account: ServiceAccount | undefined;

export function serviceAccount(): ServiceAccount {
  return account ??= create();
}

function create(): ServiceAccount {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return {
    clientEmail: `worker@${PROJECT}.iam.gserviceaccount.com`,
    privateKey: pem,
    publicKey: createPublicKey(pem),
  };
}
