/** Bodies that are checked as they pass by. */

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Who looks on. What it throws ends the body, and no more of it is received. */
export interface Watcher {
  pass(piece: Uint8Array): void;
  /** Called at the end of the body. */
  end?(): void;
  /** How long its host may send nothing, in milliseconds. */
  silence?: number;
}

/** How much passes at a time, in bytes. */
const PIECE = 64 * 1024;

/** The same bytes, received into the reader's own memory, as those of `fetch` are. */
export function watched(body: Body, watcher: Watcher): Body {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return unpacked(body, watcher);
  }
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: PIECE,
    async pull(controller) {
      const request = controller.byobRequest!;
      const { buffer, byteOffset, byteLength } = request.view!;
      const view = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
      const { done, value } = await next(reader, () => reader.read(view), watcher);
      if (done) {
        watcher.end?.();
        controller.close();
      }
      if (value) request.respondWithNewView(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The same of a body that was unpacked here, whose pieces have memory of their own. */
function unpacked(body: Body, watcher: Watcher): Body {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await next(reader, () => reader.read(), watcher);
      if (!done) return controller.enqueue(value);
      watcher.end?.();
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

type Read = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/** The next piece, if the watcher lets it pass. */
async function next(
  reader: { cancel(reason: unknown): Promise<void> },
  read: () => Promise<Read>,
  { pass, silence }: Watcher,
): Promise<Read> {
  try {
    const result = await (silence === undefined ? read() : inTime(read(), silence));
    if (result.value && result.value.length > 0) pass(result.value);
    return result;
  } catch (error) {
    // It may be pending for as long as its host is silent.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** What `reading` gives within so many milliseconds. */
async function inTime<T>(reading: Promise<T>, milliseconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`nothing came for ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
