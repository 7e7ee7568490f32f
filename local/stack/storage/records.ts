import type { Database, Transaction } from "../database.ts";
import { accessDenied, keyAlreadyExists, noSuchBucket, noSuchKey } from "./errors.ts";

/** The caller's role in PostgreSQL. */
export type Role = "anon" | "service_role";

export interface Bucket {
  id: string;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
}

/** Metadata of an object's bytes. */
export interface ObjectMetadata {
  eTag: string;
  size: number;
  mimetype: string;
  cacheControl: string;
  lastModified: string;
  contentLength: number;
  httpStatusCode: number;
}

export interface ObjectRecord {
  id: string;
  bucket_id: string;
  name: string;
  version: string | null;
  metadata: ObjectMetadata;
  created_at: string;
  updated_at: string;
  last_accessed_at: string;
}

const COLUMNS = "id, bucket_id, name, version, metadata, created_at, updated_at, last_accessed_at";

const INSERT = `insert into storage.objects (bucket_id, name, version, metadata)
  values ($1, $2, gen_random_uuid()::text, $3)`;

const OVERWRITE = `on conflict (bucket_id, name) do update set
  version = excluded.version, metadata = excluded.metadata, updated_at = now()`;

export interface NewObject {
  bucket: string;
  key: string;
  metadata: Partial<ObjectMetadata>;
}

/** `storage.buckets` and `storage.objects`, with the permissions of the real server. */
export class ObjectRecords {
  constructor(private readonly database: Database) {}

  async bucket(id: string): Promise<Bucket> {
    const [bucket] = await this.database.query<Bucket>(
      "select id, public, file_size_limit, allowed_mime_types from storage.buckets where id = $1",
      [id],
    );
    if (!bucket) throw noSuchBucket();
    return bucket;
  }

  /** The object, if the role may see it. */
  async find(role: Role | "superuser", bucket: string, key: string): Promise<ObjectRecord> {
    const [record] = await this.as(
      role,
      async (transaction) =>
        (await transaction.query<ObjectRecord>(
          `select ${COLUMNS} from storage.objects where bucket_id = $1 and name = $2`,
          [bucket, key],
        )).rows,
    );
    if (!record) throw noSuchKey();
    return record;
  }

  /** Fails as writing this object would: not permitted, or the object exists. */
  async mayWrite(role: Role, object: NewObject, upsert: boolean): Promise<void> {
    await this.as(role, async (transaction) => {
      await transaction.query(`${INSERT} ${upsert ? OVERWRITE : ""}`, parameters(object));
      await transaction.rollback();
    });
  }

  /** Records an object, whose bytes `place` moves to its path. */
  async write(object: NewObject, place: () => Promise<void>): Promise<ObjectRecord> {
    const [record] = await this.as("superuser", async (transaction) => {
      const { rows } = await transaction.query<ObjectRecord>(
        `${INSERT} ${OVERWRITE} returning ${COLUMNS}`,
        parameters(object),
      );
      await place();
      return rows;
    });
    return record;
  }

  async remove(role: Role, bucket: string, key: string): Promise<void> {
    await this.find("superuser", bucket, key);
    const { affectedRows } = await this.as(role, (transaction) =>
      transaction.query(
        "delete from storage.objects where bucket_id = $1 and name = $2",
        [bucket, key],
      ));
    if (affectedRows === 0) throw accessDenied();
  }

  /** Runs `work` in a transaction in the given role. */
  async as<T>(
    role: Role | "superuser",
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.database.transaction(async (transaction) => {
        if (role !== "superuser") await transaction.exec(`set local role ${role}`);
        return await work(transaction);
      });
    } catch (error) {
      throw translated(error);
    }
  }
}

function parameters({ bucket, key, metadata }: NewObject): unknown[] {
  return [bucket, key, metadata];
}

function translated(error: unknown): unknown {
  switch ((error as { code?: string }).code) {
    case "23505":
      return keyAlreadyExists();
    case "23503":
      return noSuchBucket();
    case "42501":
      return accessDenied();
    default:
      return error;
  }
}
