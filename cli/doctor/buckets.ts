/** Whether there are buckets for the assets, and whether they are public. */
import { type Api, Refused, type Row } from "../api.ts";
import type { Context } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

const MIB = 1024 * 1024;

/** What the functions store: `bytes` is the most of one asset, as the README has it. */
const BUCKETS = [
  { id: "storyboard-images", types: ["image/png", "image/jpeg", "image/webp"], bytes: 30 * MIB },
  { id: "storyboard-videos", types: ["video/mp4"], bytes: 48 * MIB },
];

export async function checkBuckets({ api }: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const bucket of BUCKETS) findings.push(...await checkBucket(bucket, api));
  return findings;
}

async function checkBucket(
  { id, types, bytes }: typeof BUCKETS[number],
  api: Api,
): Promise<Observation[]> {
  const reply = await api.ask(`/storage/v1/bucket/${id}`);
  const bucket = (reply.json ?? {}) as Row;
  // Storage says 404 in the status, or in the JSON of a 400.
  if (reply.status === 404 || String(bucket.statusCode) === "404") {
    return [failed(
      `The bucket ${id} is missing: nothing can be stored.`,
      `insert into storage.buckets (id, name, public) values ('${id}', '${id}', true);`,
    )];
  }
  if (reply.status !== 200) throw new Refused(`the bucket ${id}`, reply, api.url);

  const findings: Observation[] = [];
  const update = (set: string) => `update storage.buckets set ${set} where id = '${id}';`;
  if (bucket.public !== true) {
    findings.push(failed(
      `The bucket ${id} is not public: the URLs of its assets cannot be opened.`,
      update("public = true"),
    ));
  }
  const refused = types.filter((type) => !isAllowed(type, bucket.allowed_mime_types));
  if (refused.length > 0) {
    const list = refused.map((type) => `'${type}'`).join(", ");
    findings.push(failed(
      `The bucket ${id} refuses ${refused.join(", ")}.`,
      update(`allowed_mime_types = allowed_mime_types || array[${list}]`),
    ));
  }
  const limit = bucket.file_size_limit;
  if (typeof limit === "number" && limit < bytes) {
    findings.push(warning(
      `The bucket ${id} takes ${Math.floor(limit / MIB)} MiB at most; an asset may have ` +
        `${bytes / MIB}.`,
      update(`file_size_limit = ${50 * MIB}`),
    ));
  }
  return findings.length > 0 ? findings : [ok(`The bucket ${id} exists and is public.`)];
}

/** A list of types may have `image/*`; no list, or an empty one, allows all. */
function isAllowed(type: string, allowed: unknown): boolean {
  if (!Array.isArray(allowed) || allowed.length === 0) return true;
  return [type, "*/*", `${type.split("/")[0]}/*`].some((pattern) => allowed.includes(pattern));
}
