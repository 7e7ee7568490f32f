import { createHash, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname, join, sep as SEPARATOR } from "node:path";
import { invalidKey } from "./errors.ts";

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
    await this.#mustBeInside(dirname(path), bucket, key);
    await Deno.rename(received.file, path);
  }

  async copy(bucket: string, key: string, toBucket: string, toKey: string): Promise<void> {
    await Deno.mkdir(this.#incoming, { recursive: true });
    const file = join(this.#incoming, randomUUID());
    await Deno.copyFile(await this.#existing(bucket, key), file);
    await this.place({ file, size: 0, eTag: "" }, toBucket, toKey);
  }

  async remove(bucket: string, key: string): Promise<void> {
    await rm(this.#path(bucket, key), { force: true });
  }

  async size(bucket: string, key: string): Promise<number> {
    return (await Deno.stat(await this.#existing(bucket, key))).size;
  }

  /** The bytes of an object, or a part of them. The file closes when the stream ends. */
  async read(
    bucket: string,
    key: string,
    range?: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    const file = await Deno.open(await this.#existing(bucket, key));
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

  /**
   * The path of an object. Buckets and objects are also made by SQL, so their names are checked here:
   * no path leaves the folder, and none reaches the uploads under way.
   */
  #path(bucket: string, key: string): string {
    if (!isName(bucket) || bucket.startsWith(".")) throw invalidKey(`${bucket}/${key}`);
    const parts = key.split("/");
    const name = parts.pop()! || "~";
    if (!isName(name)) throw invalidKey(key);
    const folders = parts.map((part) => `${part}~`);
    if (!folders.every(isName)) throw invalidKey(key);
    return join(this.root, bucket, ...folders, name);
  }

  /** The same for an existing file, if no symbolic link on the way leads out of the folder. */
  async #existing(bucket: string, key: string): Promise<string> {
    const path = this.#path(bucket, key);
    await this.#mustBeInside(path, bucket, key);
    return path;
  }

  async #mustBeInside(path: string, bucket: string, key: string): Promise<void> {
    const [root, real] = await Promise.all([Deno.realPath(this.root), Deno.realPath(path)]);
    if (!real.startsWith(root + SEPARATOR)) throw invalidKey(`${bucket}/${key}`);
  }
}

/** Whether a text is the name of a file or folder, on any system. */
function isName(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !/[/\\\0]/.test(text);
}
