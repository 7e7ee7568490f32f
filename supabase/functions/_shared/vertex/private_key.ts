/**
 * The private key of a service account, as it comes out of an environment variable.
 *
 * Google issues PKCS#8 in PEM (RFC 7468). On its way into a variable the text gets quotes around it,
 * line breaks written as `\n`, or those of Windows.
 */
import { VariableError } from "../variable.ts";

const PEM = /^-----BEGIN ([A-Z0-9 ]*)-----([A-Za-z0-9+/=\s]*)-----END \1-----$/;

/** The identifier of RSA (1.2.840.113549.1.1.1) in DER, as PKCS#8 has it behind its version. */
const RSA = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/** What is said of each kind of PEM that people try. */
const OTHER_KINDS: Record<string, string> = {
  "RSA PRIVATE KEY": "which is PKCS#8; this is PKCS#1. Convert it by " +
    "`openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem`",
  "ENCRYPTED PRIVATE KEY": "without a password. Decrypt it by " +
    "`openssl pkcs8 -in OLD.pem -out NEW.pem`",
  "PUBLIC KEY": "not the public key",
  "CERTIFICATE": "not the certificate",
  "OPENSSH PRIVATE KEY": "not a key for SSH",
};

const EXTENT = "from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----";

/**
 * The key in DER, for `importKey("pkcs8", …)`. Its errors say nothing of what is in the variable; `what` is
 * what it must be.
 *
 * @throws {VariableError} that names `variable` when the text is anything but a whole RSA key
 */
export function parsePrivateKey(
  text: string,
  variable: string,
  what = "the private_key of a service account's JSON",
): Uint8Array<ArrayBuffer> {
  const expected = `${what}: ${EXTENT}`;
  const wrong = (hint?: string) =>
    new VariableError(variable, hint === undefined ? expected : `${expected}, ${hint}`);
  const pem = PEM.exec(withRealLines(text).trim());
  if (!pem) throw wrong(/-----BEGIN/.test(text) ? "whole, and nothing else" : undefined);
  const [, kind, base64] = pem;
  if (kind !== "PRIVATE KEY") throw wrong(OTHER_KINDS[kind]);
  const der = decode(base64);
  if (!der || !isWhole(der)) throw wrong("whole: a part of it is missing");
  if (!holds(der.subarray(0, 32), RSA)) throw wrong("of RSA, as Google issues them");
  return der;
}

/** Base64 in lines, as PEM has it. */
export function linesOf(base64: string): string {
  return base64.replace(/\s/g, "").match(/.{1,64}/g)?.join("\n") ?? "";
}

/** Base64 of bytes, in one line. */
export function base64Of(key: Uint8Array): string {
  return btoa(Array.from(key, (byte) => String.fromCharCode(byte)).join(""));
}

/** A text without the quotes around it, and with the line breaks that are written as escapes. */
export function withRealLines(text: string): string {
  const [, , inner = text] = /^\s*(["'])([\s\S]*)\1\s*$/.exec(text) ?? [];
  return inner.replace(/\\+r/g, "").replace(/\\+n/g, "\n");
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, "")), (byte) => byte.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Whether the outermost sequence of DER is as long as it says: a key that was cut is not. */
function isWhole(der: Uint8Array): boolean {
  if (der[0] !== 0x30 || der.length < 4) return false;
  // A short length stands there itself, a long one behind the number of its bytes.
  const lengthBytes = der[1] < 0x80 ? 0 : der[1] & 0x7f;
  const stated = lengthBytes === 0
    ? der[1]
    : der.subarray(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
  return der.length === 2 + lengthBytes + stated;
}

function holds(bytes: Uint8Array, part: number[]): boolean {
  return bytes.some((_, at) => part.every((byte, i) => bytes[at + i] === byte));
}
