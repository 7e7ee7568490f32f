import { entityTooLarge, invalidMimeType } from "./errors.ts";
import type { ObjectFiles } from "./files.ts";
import { readForm, type Upload } from "./form.ts";
import { mustBeValidKey } from "./keys.ts";
import type { Bucket, ObjectRecords, Role } from "./records.ts";

/** More than any asset has; a bucket can lower it. Bytes. */
const LARGEST = 500 * 1024 * 1024;

/** `POST` and `PUT /object/{bucket}/{key}`; the body is the object, or a form with it. */
export async function upload(
  request: Request,
  role: Role,
  bucketId: string,
  key: string,
  records: ObjectRecords,
  files: ObjectFiles,
): Promise<Response> {
  const bucket = await records.bucket(bucketId);
  const incoming = await readUpload(request);
  checkType(incoming.mimetype, bucket);
  mustBeValidKey(key);
  const limit = Math.min(bucket.file_size_limit ?? LARGEST, LARGEST);

  const upsert = request.method === "PUT" || request.headers.get("x-upsert") === "true";
  const { mimetype, cacheControl } = incoming;
  const object = { bucket: bucketId, key, metadata: { mimetype } };
  await records.mayWrite(role, object, upsert);

  const received = await files.receive(incoming.body);
  try {
    if (received.size > limit) throw entityTooLarge();
    const metadata = {
      eTag: received.eTag,
      size: received.size,
      mimetype,
      cacheControl,
      lastModified: new Date().toISOString(),
      contentLength: received.size,
      httpStatusCode: 200,
    };
    const { id } = await records.write(
      { ...object, metadata },
      () => files.place(received, bucketId, key),
    );
    return Response.json({ Id: id, Key: `${bucketId}/${key}` });
  } catch (error) {
    await files.discard(received);
    throw error;
  }
}

async function readUpload(request: Request): Promise<Upload> {
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  if (contentType.startsWith("multipart/form-data")) return await readForm(request);
  return {
    body: request.body,
    mimetype: contentType,
    cacheControl: request.headers.get("cache-control") ?? "no-cache",
  };
}

function checkType(mimetype: string, { allowed_mime_types: allowed }: Bucket): void {
  if (!allowed?.length) return;
  const [type, subtype] = mimetype.split("/");
  const matches = allowed.some((entry) => entry === `${type}/${subtype}` || entry === `${type}/*`);
  if (!matches) throw invalidMimeType(mimetype);
}
