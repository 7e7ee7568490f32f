/**
 * Bounds on how a body comes, above all from a host that only a sender has chosen. One that sends next to nothing in
 * very many pieces, or in a coding that makes it longer, costs more CPU time than a function has, and never has as many
 * bytes as are too many.
 */
import { KB, MB } from "./bounded_body.ts";
import { watched } from "./watched_body.ts";

/** The core knows it by its message: such a host is not asked again. */
export class UnfairBody extends Error {
  override name = "UnfairBody";

  constructor() {
    super("the host sent almost nothing in many pieces");
  }
}

/** So many pieces are few whatever is in them; beyond, each has some of what a network gives at a time. */
const FREE_PIECES = 4000;
const PIECE = KB;

/** How much longer a coding may make a body: what cannot be compressed grows by less than a thousandth. */
const FREE_BYTES = MB;

/**
 * How long a host may send nothing of a body, in milliseconds. Deno 2.1.4 unpacks gzip and br out of sight, and
 * what has nothing in it keeps it busy.
 */
const SILENCE = 2000;

/** Counts the pieces of a body as they come. */
export class Pieces {
  #pieces = 0;
  #bytes = 0;

  /** @throws {UnfairBody} */
  pass({ length }: Uint8Array): void {
    this.#pieces += 1;
    this.#bytes += length;
    if (this.#pieces > FREE_PIECES + this.#bytes / PIECE) throw new UnfairBody();
  }
}

/** Counts the bytes of a body before and after it is unpacked. */
export class Packed {
  #packed = 0;
  #plain = 0;

  /** @throws {UnfairBody} */
  receive({ length }: Uint8Array): void {
    // What came before is unpacked.
    if (this.#packed > this.#plain + FREE_BYTES) throw new UnfairBody();
    this.#packed += length;
  }

  unpack({ length }: Uint8Array): void {
    this.#plain += length;
  }
}

/** The same reply, whose body ends in an error when it is unfair, or when nothing comes for a while. */
export function fair(response: Response): Response {
  const { status, headers, body } = response;
  if (body === null) return response;
  const pieces = new Pieces();
  const watcher = { pass: (piece: Uint8Array) => pieces.pass(piece), silence: SILENCE };
  return new Response(watched(body, watcher), { status, headers });
}
