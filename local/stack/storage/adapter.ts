import type { App } from "@supabase/lite";
import type { Database } from "../database.ts";
import type { ObjectFiles } from "./files.ts";
import type { ObjectMetadata } from "./records.ts";

type StorageAdapter = NonNullable<App["_storageAdapter"]>;
type LiteMetadata = Awaited<ReturnType<StorageAdapter["headObject"]>>;

/** Lets lite's own storage routes (signed URLs, moving, removing, info) work on the same files. */
export function liteAdapter(database: Database, files: ObjectFiles): StorageAdapter {
  async function metadata(bucket: string, key: string): Promise<LiteMetadata> {
    const [row] = await database.query<{ metadata: ObjectMetadata }>(
      "select metadata from storage.objects where bucket_id = $1 and name = $2",
      [bucket, key],
    );
    const size = await files.size(bucket, key);
    const lastModified = new Date(row?.metadata.lastModified ?? Date.now());
    return { ...row?.metadata, size, contentLength: size, lastModified };
  }
  const adapter = {
    driver: undefined,
    async getObject(bucket: string, key: string) {
      const found = await metadata(bucket, key);
      return { metadata: found, httpStatusCode: 200, body: await files.read(bucket, key) };
    },
    deleteObject: (bucket: string, key: string) => files.remove(bucket, key),
    async deleteObjects(bucket: string, keys: string[]) {
      for (const key of keys) await files.remove(bucket, key);
    },
    async copyObject(
      bucket: string,
      key: string,
      _version: string | undefined,
      toBucket: string,
      toKey: string,
    ) {
      await files.copy(bucket, key, toBucket, toKey);
      const { eTag } = await metadata(bucket, key);
      return { httpStatusCode: 200, eTag, lastModified: new Date() };
    },
    headObject: metadata,
    uploadObject: () => Promise.reject(new Error("no object is uploaded by a signed URL locally")),
    privateAssetUrl: () => Promise.reject(new Error("images are not transformed locally")),
  };
  return adapter as unknown as StorageAdapter;
}
