import { cstrings, join, type Message, message, readCstring } from "./messages.ts";

/**
 * Keeps the prepared statements of the clients apart.
 *
 * Every client numbers its statements itself ("s1", "s2", …), and PGlite's one session would see
 * the same name twice. A client's name gets a prefix of its own on the way in; names never come
 * back in a reply.
 */
export class StatementNames {
  readonly #prefix: string;
  readonly #prepared = new Set<string>();

  constructor(clientId: number) {
    this.#prefix = `client${clientId}_`;
  }

  /** Names that are prepared now, for `deallocate` when the client has gone. */
  get prepared(): string[] {
    return [...this.#prepared];
  }

  rename({ type, bytes }: Message): Uint8Array {
    switch (type) {
      case "P": { // Parse: statement, query, …
        const { text, next } = readCstring(bytes, 5);
        if (text === "") return bytes;
        this.#prepared.add(this.#prefix + text);
        return message("P", join(cstrings(this.#prefix + text), bytes.subarray(next)));
      }
      case "B": { // Bind: portal, statement, …
        const portal = readCstring(bytes, 5);
        const { text, next } = readCstring(bytes, portal.next);
        if (text === "") return bytes;
        return message(
          "B",
          join(cstrings(portal.text, this.#prefix + text), bytes.subarray(next)),
        );
      }
      case "D": // Describe, Close: "S"tatement or "P"ortal, name
      case "C": {
        const { text } = readCstring(bytes, 6);
        if (String.fromCharCode(bytes[5]) !== "S" || text === "") return bytes;
        if (type === "C") this.#prepared.delete(this.#prefix + text);
        return message(type, cstrings("S" + this.#prefix + text));
      }
      default:
        return bytes;
    }
  }
}
