/** Removes given secrets from texts, in every spelling in which a service may repeat them. */

const HIDDEN = "[redacted]";

/** Shorter values are words rather than secrets: hiding them would make texts unreadable. */
const SHORTEST = 6;

/** What becomes of a line break inside of a secret: nothing, blanks, or escapes of escapes. */
const LINE_BREAK = String.raw`(?:\\{0,6}[nr]|\s|%0[ad]){0,2}`;
const LONGEST_BREAK = 16;

/** Texts without the secrets. */
export class KnownSecrets {
  readonly #secrets = new Set<string>();
  #pattern?: RegExp;
  /** The length of the longest spelling. */
  #longest = 0;

  constructor(secrets: string[]) {
    this.add(...secrets);
  }

  /** Hides these, too, from now on. */
  add(...secrets: string[]): void {
    const added = secrets.filter((secret) =>
      secret.length >= SHORTEST && !this.#secrets.has(secret)
    );
    if (added.length === 0) return;
    for (const secret of added) this.#secrets.add(secret);
    const spellings = [...this.#secrets]
      .flatMap(spellingsOf)
      // The longest first: if one begins with another, its end would remain.
      .sort((a, b) => b.length - a.length);
    this.#longest = Math.max(
      ...spellings.map((text) => text.length + LONGEST_BREAK * (text.split("\n").length - 1)),
    );
    const escaped = spellings.map((text) =>
      text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replaceAll("\n", LINE_BREAK)
    );
    this.#pattern = new RegExp(escaped.join("|"), "gi");
  }

  hide(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, HIDDEN) : text;
  }

  /** Hides them in a streamed body, wherever it is cut into chunks. */
  hideInStream(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let held = "";
    return new TransformStream({
      transform: (piece, controller) => {
        held = this.hide(held + decoder.decode(piece, { stream: true }));
        // The end is held back as long as it may be the beginning of a secret.
        let end = Math.max(held.length - this.#longest, 0);
        if (/[\ud800-\udbff]/.test(held.charAt(end - 1))) end--; // half a character
        controller.enqueue(encoder.encode(held.slice(0, end)));
        held = held.slice(end);
      },
      flush: (controller) => {
        controller.enqueue(encoder.encode(this.hide(held + decoder.decode())));
      },
    });
  }
}

function spellingsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => insideBase64(secret, offset));
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      ...base64,
      ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    ]),
  ];
}

/**
 * The characters that stand for a secret in the base64 of a longer text (`user:secret`), in front
 * of which there are `offset` more bytes than a multiple of three.
 */
function insideBase64(secret: string, offset: number): string {
  const bytes = new TextEncoder().encode(secret);
  const text = btoa("\0".repeat(offset) + String.fromCharCode(...bytes));
  return text.slice(Math.ceil(offset * 8 / 6), Math.floor((offset + bytes.length) * 8 / 6));
}
