import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Film, Painter, Picture } from "../../local/simulator/painter.ts";
import { hash, randomFrom } from "../../local/simulator/drawing/random.ts";

/** The label at the beginning of a job's prompt identifies everything that is made for it. */
const LABEL = /chaos-\d+/;

/** The job that a prompt belongs to. */
export function labelOf(prompt: string | undefined): string | undefined {
  return LABEL.exec(prompt ?? "")?.[0];
}

/** As the simulator writes hashes of what it received. */
export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** Makes assets of some kilobytes quickly, no two of them alike, and records the job of each. */
export class Assets implements Painter {
  readonly #madeFor = new Map<string, string>();
  readonly #films = new Map<Film, Uint8Array>();
  #made = 0;

  /** The job that these bytes were made for. */
  madeFor(bytes: Uint8Array): string | undefined {
    return this.#madeFor.get(digest(bytes));
  }

  picture({ prompt }: Picture): Promise<Uint8Array> {
    const bytes = png(`${prompt}, picture ${++this.#made}`);
    this.#remember(bytes, prompt);
    return Promise.resolve(bytes);
  }

  film(film: Film): Promise<Uint8Array> {
    let bytes = this.#films.get(film);
    if (bytes === undefined) {
      bytes = mp4(`${film.prompt}, film ${++this.#made}`);
      this.#films.set(film, bytes);
      this.#remember(bytes, film.prompt);
    }
    return Promise.resolve(bytes);
  }

  #remember(bytes: Uint8Array, prompt: string): void {
    const label = labelOf(prompt);
    if (label !== undefined) this.#madeFor.set(digest(bytes), label);
  }
}

/** A picture of one black pixel, with a chunk that makes it long enough to be cut, and `zeros` bytes more. */
export function png(text: string, zeros = 0): Uint8Array {
  const header = new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const pixel = new Uint8Array([0x78, 0x9c, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01]);
  return join(
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("chAo", join(filling(text, 12_000), new Uint8Array(zeros))),
    chunk("IDAT", pixel),
    chunk("IEND", new Uint8Array()),
  );
}

/** A file that begins like an MP4. */
function mp4(text: string): Uint8Array {
  const brand = new TextEncoder().encode("isom\0\0\0\0isom");
  return join(box("ftyp", brand), box("free", filling(text, 60_000)));
}

function filling(text: string, length: number): Uint8Array {
  const random = randomFrom(hash(text));
  const noise = Uint8Array.from({ length }, () => random() * 256);
  return join(new TextEncoder().encode(`${text}\n`), noise);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = join(new TextEncoder().encode(type), data);
  return join(uint32(data.length), named, uint32(crc32(named)));
}

function box(type: string, data: Uint8Array): Uint8Array {
  return join(uint32(data.length + 8), new TextEncoder().encode(type), data);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
