/**
 * Messages of the PostgreSQL wire protocol, version 3
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message: its type, and all of its bytes (type, length and content). */
export interface Message {
  type: string;
  bytes: Uint8Array;
}

/** The first packet of a connection has no type, only a length and a code. */
export interface StartupPacket {
  code: number;
  bytes: Uint8Array;
}

export const SSL_REQUEST = 80877103;
export const GSS_ENCRYPTION_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** No message of a reasonable client is larger; a bigger length is a stray HTTP request or so. */
const LONGEST = 256 * 1024 * 1024;

/** Cuts a byte stream into messages. */
export class MessageReader {
  #buffer = new Uint8Array(0);

  push(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#buffer.length + chunk.length);
    joined.set(this.#buffer);
    joined.set(chunk, this.#buffer.length);
    this.#buffer = joined;
  }

  startup(): StartupPacket | undefined {
    if (this.#buffer.length < 8) return undefined;
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
    const bytes = this.#take(view.getUint32(0));
    return bytes && { code: view.getUint32(4), bytes };
  }

  next(): Message | undefined {
    if (this.#buffer.length < 5) return undefined;
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
    const bytes = this.#take(1 + view.getUint32(1));
    return bytes && { type: String.fromCharCode(bytes[0]), bytes };
  }

  #take(length: number): Uint8Array | undefined {
    if (length < 5 || length > LONGEST) throw new Error("not the PostgreSQL protocol");
    if (this.#buffer.length < length) return undefined;
    const bytes = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return bytes;
  }
}

export function message(type: string, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(5 + content.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, 4 + content.length);
  bytes.set(content, 5);
  return bytes;
}

export function join(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Texts as the protocol has them: each ended by a zero byte. */
export function cstrings(...texts: string[]): Uint8Array {
  return encoder.encode(texts.map((text) => text + "\0").join(""));
}

export function integers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setInt32(4 * index, value));
  return bytes;
}

/** The zero-terminated text at `offset`, and where the next field begins. */
export function readCstring(bytes: Uint8Array, offset: number): { text: string; next: number } {
  const end = bytes.indexOf(0, offset);
  if (end < 0) throw new Error("not the PostgreSQL protocol");
  return { text: decoder.decode(bytes.subarray(offset, end)), next: end + 1 };
}

/** An error that ends the connection, in PostgreSQL's form. */
export function fatal(code: string, text: string, hint: string): Uint8Array {
  const fields = cstrings("SFATAL", "VFATAL", `C${code}`, `M${text}`, `H${hint}`);
  return message("E", join(fields, new Uint8Array(1)));
}
