import type { Database } from "../database.ts";
import { copy } from "./copy.ts";
import { invalidKey, StorageError } from "./errors.ts";
import type { ObjectFiles } from "./files.ts";
import { mustBeValidBucket } from "./keys.ts";
import { list } from "./list.ts";
import { readAs, readPublic } from "./read.ts";
import { ObjectRecords, type Role } from "./records.ts";
import { upload } from "./upload.ts";

/**
 * The part of the Storage API that the product uses, with the behaviour of the real server.
 *
 * lite has these routes too, but: a copy cannot be given another content type or cache time; lists
 * have no folders; there are no ranges, which a browser needs to play a video; an upload would be
 * held in memory until its last byte has come. lite answers everything else.
 */
export class StorageApi {
  readonly #records: ObjectRecords;

  constructor(database: Database, private readonly files: ObjectFiles) {
    this.#records = new ObjectRecords(database);
  }

  /**
   * Answers a request below `/storage/v1`, or gives `undefined` if it is one for lite.
   * `role` is null when the request has no key.
   */
  async handle(request: Request, role: Role | null): Promise<Response | undefined> {
    const path = new URL(request.url).pathname.slice("/storage/v1".length);
    try {
      const response = await this.#route(request, path, role);
      response?.headers.set("access-control-allow-origin", "*");
      return response;
    } catch (error) {
      await request.body?.cancel().catch(() => {});
      if (error instanceof StorageError) return error.response();
      // Half a `%2F`, or `%00`, which no text in PostgreSQL contains.
      const { code } = error as { code?: string };
      if (error instanceof URIError || code === "22021") return invalidKey(path).response();
      throw error;
    }
  }

  async #route(
    request: Request,
    path: string,
    roleOfKey: Role | null,
  ): Promise<Response | undefined> {
    const records = this.#records;
    const files = this.files;
    const role = roleOfKey ?? "anon";
    const reads = request.method === "GET" || request.method === "HEAD";
    if (request.method === "POST" && path === "/object/copy") {
      return await copy(request, role, records, files);
    }
    if (request.method === "POST" && path.replace(/\/$/, "") === "/bucket") {
      const { id, name } = await request.clone().json().catch(() => ({}));
      mustBeValidBucket(id ?? name);
      mustBeValidBucket(name ?? id);
      return undefined;
    }
    const listed = /^\/object\/list\/([^/]+)$/.exec(path);
    if (request.method === "POST" && listed) {
      return await list(request, role, decodeURIComponent(listed[1]), records);
    }
    const [, access, bucketPart, keyPart] =
      /^\/object\/(?:(public|authenticated|sign|info|upload|move|list-v2)\/)?([^/]+)\/(.+)$/
        .exec(path) ?? [];
    if (bucketPart === undefined) return undefined;
    const bucket = decodeURIComponent(bucketPart);
    const key = decodeURIComponent(keyPart);
    if (access === "public") {
      return reads ? await readPublic(request, bucket, key, records, files) : undefined;
    }
    if (access !== undefined && access !== "authenticated") return undefined;
    if (reads) return await readAs(request, roleOfKey, bucket, key, records, files);
    if (request.method === "POST" || request.method === "PUT") {
      return await upload(request, role, bucket, key, records, files);
    }
    if (request.method === "DELETE") {
      await records.remove(role, bucket, key);
      await files.remove(bucket, key);
      return Response.json({ message: "Successfully deleted" });
    }
    return undefined;
  }
}
