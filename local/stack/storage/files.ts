import { createHash, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Received bytes in a temporary file. */
export interface Received {
  file: string;
  size: number;
  /** MD5 in quotes, as S3 makes it for an object that was not uploaded in parts. */
  eTag: string;
}

/** An inclusive range of bytes. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * The bytes of the objects, one file each: `<root>/<bucket>/<folder>~/<name>`.
 *
 * Folders are marked with `~`, which no object key may contain, so that the keys `a` and `a/b` can
 * exist beside each other as they can in S3. Everything else is named as in its URL, so that
 * people find it in the folder.
 */
export class ObjectFiles {
  readonly #incoming: string;

  constructor(private readonly root: string) {
    this.#incoming = join(root, ".incoming");
  }

  /** Writes a body to a temporary file while it arrives; nothing is held in memory. */
  async receive(body: ReadableStream<Uint8Array> | null): Promise<Received> {
    await Deno.mkdir(this.#incoming, { recursive: true });
    const file = join(this.#incoming, randomUUID());
    const hash = createHash("md5");
    let size = 0;
    const measured = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        hash.update(chunk);
        size += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const target = await Deno.open(file, { write: true, createNew: true });
    try {
      await (body ?? new Blob().stream()).pipeThrough(measured).pipeTo(target.writable);
    } catch (error) {
      await Deno.remove(file);
      throw error;
    }
    return { file, size, eTag: `"${hash.digest("hex")}"` };
  }

  async discard(received: Received): Promise<void> {
    await rm(received.file, { force: true });
  }

  /** Moves received bytes to the object's path in one step: a reader sees the old or the new object. */
  async place(received: Received, bucket: string, key: string): Promise<void> {
    const path = this.#path(bucket, key);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.rename(received.file, path);
  }

  async copy(bucket: string, key: string, toBucket: string, toKey: string): Promise<void> {
    await Deno.mkdir(this.#incoming, { recursive: true });
    const file = join(this.#incoming, randomUUID());
    await Deno.copyFile(this.#path(bucket, key), file);
    await this.place({ file, size: 0, eTag: "" }, toBucket, toKey);
  }

  async remove(bucket: string, key: string): Promise<void> {
    await rm(this.#path(bucket, key), { force: true });
  }

  async size(bucket: string, key: string): Promise<number> {
    return (await Deno.stat(this.#path(bucket, key))).size;
  }

  /** The bytes of an object, or a part of them. The file closes when the stream ends. */
  async read(
    bucket: string,
    key: string,
    range?: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    const file = await Deno.open(this.#path(bucket, key));
    if (!range) return file.readable;
    await file.seek(range.first, Deno.SeekMode.Start);
    let left = range.last - range.first + 1;
    return file.readable.pipeThrough(
      new TransformStream({
        transform(chunk: Uint8Array, controller) {
          controller.enqueue(chunk.subarray(0, left));
          left -= Math.min(left, chunk.length);
          if (left === 0) controller.terminate();
        },
      }),
    );
  }

  #path(bucket: string, key: string): string {
    const parts = key.split("/");
    const name = parts.pop()!;
    return join(this.root, bucket, ...parts.map((part) => `${part}~`), name || "~");
  }
}
