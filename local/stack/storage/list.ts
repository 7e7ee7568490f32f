import { invalidRequest } from "./errors.ts";
import type { ObjectRecords, Role } from "./records.ts";

interface ListBody {
  prefix: string;
  search?: string;
  limit?: number;
  offset?: number;
}

/**
 * `POST /object/list/{bucket}`: the content of one folder by name, with names relative to it, or what begins
 * with `search` in it. Folders below it appear once each, with nothing but a name. (lite lists everything under
 * the prefix.)
 */
export async function list(
  request: Request,
  role: Role,
  bucket: string,
  records: ObjectRecords,
): Promise<Response> {
  const body = await request.json() as ListBody;
  if (typeof body.prefix !== "string") {
    throw invalidRequest("body must have required property 'prefix'");
  }
  const folder = body.prefix === "" || body.prefix.endsWith("/") ? body.prefix : `${body.prefix}/`;
  const rows = await records.as(role, async (transaction) =>
    (await transaction.query(
      `with inside as (
         select *, substr(name, length($2) + 1) as rest from storage.objects
         where bucket_id = $1 and starts_with(lower(name), lower($2 || $5))
       ), entries as (
         select rest as name, id, updated_at, created_at, last_accessed_at, metadata
         from inside where strpos(rest, '/') = 0
         union all
         select distinct split_part(rest, '/', 1), null::uuid, null::timestamptz,
           null::timestamptz, null::timestamptz, null::jsonb
         from inside where strpos(rest, '/') > 0
       )
       select * from entries order by lower(name) collate "C" limit $3 offset $4`,
      [bucket, folder, body.limit ?? 100, body.offset ?? 0, body.search ?? ""],
    )).rows);
  return Response.json(rows);
}
