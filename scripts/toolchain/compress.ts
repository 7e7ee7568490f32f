/**
 * Compression that is undone within half a millisecond, at once, by WebAssembly alone: the blocks of LZ4, each
 * a few bytes as they are and a match, which is a distance and a length. The decompression that runtimes
 * offer is asynchronous, or takes longer to load than this takes to run.
 */

/** No match is closer, so that eight bytes can be copied at a time. */
const NEAREST = 8;
const FARTHEST = 0xffff;
const SHORTEST = 4;

/** As many earlier places are tried for a match. */
const MOST_TRIED = 4096;

/** A length above this goes on in bytes of its own. */
const FULL = 15;

/**
 * A match takes three bytes, and time that counts as three more. With 4 the result would be an eighth shorter and
 * have so many matches that V8 optimises the decompressor while it runs, for a millisecond and to no use.
 */
const COST_OF_MATCH = 6;

/** The match of each byte; of those without one the length is 0. */
interface Matches {
  lengths: Uint32Array;
  distances: Uint32Array;
}

export function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { lengths, distances } = best(bytes, longest(bytes));
  const out: number[] = [];
  const more = (length: number) => {
    for (length -= FULL; length >= 0; length -= 255) out.push(Math.min(length, 255));
  };
  for (let at = 0, start = 0; at <= bytes.length;) {
    const isEnd = at === bytes.length;
    if (!isEnd && lengths[at] === 0) {
      at += 1;
      continue;
    }
    const beyond = isEnd ? 0 : lengths[at] - SHORTEST;
    out.push(Math.min(at - start, FULL) << 4 | Math.min(beyond, FULL));
    more(at - start);
    for (; start < at; start++) out.push(bytes[start]);
    if (isEnd) break;
    out.push(distances[at] & 0xff, distances[at] >> 8);
    more(beyond);
    start = at += lengths[at];
  }
  return Uint8Array.from(out);
}

/** The longest match of each byte. */
function longest(bytes: Uint8Array): Matches {
  const [lengths, distances, earlier] = [0, 0, 0].map(() => new Uint32Array(bytes.length));
  const newest = new Map<number, number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + SHORTEST <= bytes.length; at++) {
    const start = view.getUint32(at);
    // By one more, so that 0 is none.
    let place = newest.get(start) ?? 0;
    earlier[at] = place;
    newest.set(start, at + 1);
    for (let tried = 0; place > 0 && tried < MOST_TRIED; tried++, place = earlier[place - 1]) {
      const distance = at + 1 - place;
      if (distance > FARTHEST) break;
      if (distance < NEAREST) continue;
      let length = SHORTEST;
      while (at + length < bytes.length && bytes[at + length - distance] === bytes[at + length]) {
        length += 1;
      }
      if (length > lengths[at]) [lengths[at], distances[at]] = [length, distance];
    }
  }
  return { lengths, distances };
}

/** The matches, or shorter ones of the same distances, with which the result is shortest; seen from its end. */
function best(bytes: Uint8Array, { lengths, distances }: Matches): Matches {
  const costs = new Float64Array(bytes.length + 1);
  const chosen = new Uint32Array(bytes.length);
  for (let at = bytes.length - 1; at >= 0; at--) {
    costs[at] = costs[at + 1] + 1;
    for (let length = SHORTEST; length <= lengths[at]; length++) {
      const beyond = length - SHORTEST - FULL;
      const cost = costs[at + length] + COST_OF_MATCH +
        (beyond < 0 ? 0 : 1 + Math.floor(beyond / 255));
      if (cost <= costs[at]) [costs[at], chosen[at]] = [cost, length];
    }
  }
  return { lengths: chosen, distances };
}

const PAGE = 65_536;

/**
 * The module that decompresses, as text. Its function `a` reads what was put at `start` of its memory `b`, and
 * writes from 0. It is trusted: what it reads was made here.
 */
export function decompressor(compressed: number, length: number): { text: string; start: number } {
  // The last eight bytes that are copied may be beyond the end, of either.
  const pages = Math.ceil((length + compressed + 2 * NEAREST) / PAGE);
  const start = pages * PAGE - NEAREST - compressed;
  const add = (name: string, value: string) =>
    `(local.set $${name} (i32.add (local.get $${name}) ${value}))`;
  const read = (name: string, load: string, size: number) =>
    `(local.set $${name} (${load} (local.get $in))) ${add("in", `(i32.const ${size})`)}`;
  const more = (label: string) => `
    (if (i32.eq (local.get $length) (i32.const ${FULL})) (then (loop $${label}
      ${read("byte", "i32.load8_u", 1)}
      ${add("length", "(local.get $byte)")}
      (br_if $${label} (i32.eq (local.get $byte) (i32.const 255))))))`;
  const copy = (label: string) => `
    (local.set $to (local.get $out))
    ${add("out", "(local.get $length)")}
    (loop $${label}
      (i64.store align=1 (local.get $to) (i64.load align=1 (local.get $from)))
      ${add("from", "(i32.const 8)")}
      ${add("to", "(i32.const 8)")}
      (br_if $${label} (i32.lt_u (local.get $to) (local.get $out))))`;
  const locals = ["in", "out", "token", "byte", "length", "from", "to"];
  const text = `(module (memory (export "b") ${pages}) (func (export "a")
    ${locals.map((name) => `(local $${name} i32)`).join(" ")}
    (local.set $in (i32.const ${start}))
    (loop $next
      ${read("token", "i32.load8_u", 1)}
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      ${more("more_plain")}
      (local.set $from (local.get $in))
      ${add("in", "(local.get $length)")}
      ${copy("plain")}
      (if (i32.ge_u (local.get $in) (i32.const ${start + compressed})) (then (return)))
      ${read("from", "i32.load16_u align=1", 2)}
      (local.set $from (i32.sub (local.get $out) (local.get $from)))
      (local.set $length (i32.and (local.get $token) (i32.const ${FULL})))
      ${more("more_match")}
      ${add("length", `(i32.const ${SHORTEST})`)}
      ${copy("match")}
      (br $next))))`;
  return { text, start };
}
