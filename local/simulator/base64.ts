/**
 * Base64 in both alphabets, by node:buffer: Deno 2.1.4 has no `Uint8Array.fromBase64`.
 */
import { Buffer } from "node:buffer";

export function decodeBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
