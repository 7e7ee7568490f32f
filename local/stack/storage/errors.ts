/**
 * An error as Supabase's storage server renders it. The HTTP status is 400 whatever `statusCode` in
 * the body says, with few exceptions (supabase/storage, src/internal/errors/storage-error.ts).
 */
export class StorageError extends Error {
  constructor(
    private readonly statusCode: number,
    private readonly code: string,
    private readonly error: string,
    message: string,
    private readonly httpStatus = 400,
  ) {
    super(message);
  }

  response(): Response {
    const { statusCode, code, error, message } = this;
    return Response.json(
      { statusCode: String(statusCode), code, error, message },
      { status: this.httpStatus },
    );
  }
}

export const noSuchBucket = () =>
  new StorageError(404, "NoSuchBucket", "Bucket not found", "Bucket not found");

export const noSuchKey = () => new StorageError(404, "NoSuchKey", "not_found", "Object not found");

export const keyAlreadyExists = () =>
  new StorageError(409, "KeyAlreadyExists", "Duplicate", "The resource already exists");

export const invalidKey = (key: string) =>
  new StorageError(400, "InvalidKey", "InvalidKey", `Invalid key: ${key}`);

export const invalidBucket = () =>
  new StorageError(400, "InvalidBucketName", "Invalid Input", "Bucket name invalid");

export const invalidMimeType = (type: string) =>
  new StorageError(
    415,
    "InvalidMimeType",
    "invalid_mime_type",
    `mime type ${type} is not supported`,
  );

export const entityTooLarge = () =>
  new StorageError(
    413,
    "EntityTooLarge",
    "Payload too large",
    "The object exceeded the maximum allowed size",
  );

export const accessDenied = () =>
  new StorageError(
    403,
    "AccessDenied",
    "Unauthorized",
    "new row violates row-level security policy",
  );

export const invalidRequest = (message: string) =>
  new StorageError(400, "InvalidRequest", "InvalidRequest", message);

export const invalidRange = () =>
  new StorageError(416, "InvalidRange", "invalid_range", "invalid range provided", 416);
