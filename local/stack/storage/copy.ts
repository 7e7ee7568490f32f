import { invalidRequest } from "./errors.ts";
import type { ObjectFiles } from "./files.ts";
import { mustBeValidKey } from "./keys.ts";
import type { ObjectRecords, Role } from "./records.ts";

interface CopyBody {
  bucketId: string;
  sourceKey: string;
  destinationBucket?: string;
  destinationKey: string;
  metadata?: { cacheControl?: string; mimetype?: string };
  copyMetadata?: boolean;
}

/**
 * `POST /object/copy`.
 *
 * `metadata` counts only together with `copyMetadata: false`, and then what it does not name stays
 * as it was (supabase/storage, src/storage/object.ts, `copyObject`).
 */
export async function copy(
  request: Request,
  role: Role,
  records: ObjectRecords,
  files: ObjectFiles,
): Promise<Response> {
  const body = await request.json() as CopyBody;
  for (const field of ["bucketId", "sourceKey", "destinationKey"] as const) {
    if (typeof body[field] !== "string") {
      throw invalidRequest(`body must have required property '${field}'`);
    }
  }
  const { bucketId, sourceKey, destinationKey, copyMetadata = true } = body;
  const destinationBucket = body.destinationBucket || bucketId;
  mustBeValidKey(destinationKey);
  const source = await records.find(role, bucketId, sourceKey);
  await records.bucket(destinationBucket);

  const metadata = { ...source.metadata, lastModified: new Date().toISOString() };
  if (!copyMetadata) {
    metadata.cacheControl = body.metadata?.cacheControl ?? metadata.cacheControl;
    metadata.mimetype = body.metadata?.mimetype ?? metadata.mimetype;
  }
  const object = { bucket: destinationBucket, key: destinationKey, metadata };
  await records.mayWrite(role, object, request.headers.get("x-upsert") === "true");
  const record = await records.write(
    object,
    () => files.copy(bucketId, sourceKey, destinationBucket, destinationKey),
  );
  return Response.json({
    Id: record.id,
    Key: `${destinationBucket}/${destinationKey}`,
    ...record,
  });
}
