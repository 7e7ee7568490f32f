import { invalidRange, noSuchBucket } from "./errors.ts";
import type { ByteRange, ObjectFiles } from "./files.ts";
import type { ObjectRecord, ObjectRecords, Role } from "./records.ts";

/** `GET` and `HEAD /object/public/{bucket}/{key}`: no key needed, the bucket must be public. */
export async function readPublic(
  request: Request,
  bucketId: string,
  key: string,
  records: ObjectRecords,
  files: ObjectFiles,
): Promise<Response> {
  if (!(await records.bucket(bucketId)).public) throw noSuchBucket();
  return render(request, await records.find("superuser", bucketId, key), files);
}

/** `GET` and `HEAD /object/{bucket}/{key}`, also with `/authenticated` in front of the bucket. */
export async function readAs(
  request: Request,
  role: Role | null,
  bucketId: string,
  key: string,
  records: ObjectRecords,
  files: ObjectFiles,
): Promise<Response> {
  const bucket = await records.bucket(bucketId);
  if (!bucket.public && role === null) throw noSuchBucket();
  const reader = bucket.public || role === null ? "superuser" : role;
  return render(request, await records.find(reader, bucketId, key), files);
}

async function render(
  request: Request,
  record: ObjectRecord,
  files: ObjectFiles,
): Promise<Response> {
  const { bucket_id: bucket, name, metadata } = record;
  const headers = new Headers({
    "accept-ranges": "bytes",
    // The real server does not let a stored page run in the project's origin.
    "content-type": metadata.mimetype.includes("text/html") ? "text/plain" : metadata.mimetype,
    "etag": metadata.eTag,
    "cache-control": metadata.cacheControl,
    "last-modified": new Date(metadata.lastModified).toUTCString(),
    "x-robots-tag": "none",
  });
  const size = await files.size(bucket, name);
  const range = parseRange(request.headers.get("range"), size);
  headers.set("content-length", String(range ? range.last - range.first + 1 : size));
  if (range) headers.set("content-range", `bytes ${range.first}-${range.last}/${size}`);
  const status = range ? 206 : 200;
  const wantsBytes = request.method !== "HEAD";
  const body = wantsBytes ? await files.read(bucket, name, range) : null;
  return new Response(body, { status, headers });
}

/** One range of bytes, as the real server reads it (supabase/storage, src/storage/range.ts). */
function parseRange(header: string | null, size: number): ByteRange | undefined {
  if (header === null) return undefined;
  const [, start, end] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (size === 0 || (!start && !end)) throw invalidRange();
  if (!start) {
    if (Number(end) === 0) throw invalidRange();
    return { first: Math.max(size - Number(end), 0), last: size - 1 };
  }
  const first = Number(start);
  const last = end ? Math.min(Number(end), size - 1) : size - 1;
  if (first >= size || last < first) throw invalidRange();
  return { first, last };
}
