/** Whether there are buckets for the assets, and whether they are public. */
import { type Api, Refused, type Reply, type Row } from "../api.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";
import type { Context } from "./context.ts";

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
  const answer = await api.ask(`/storage/v1/bucket/${id}`);
  if (isNotFound(answer)) {
    return [failed(
      `The bucket ${id} is missing: nothing can be stored.`,
      `insert into storage.buckets (id, name, public) values ('${id}', '${id}', true);`,
    )];
  }
  if (answer.status !== 200) throw new Refused(`the bucket ${id}`, answer, api.url);

  const { public: isPublic, file_size_limit: limit, allowed_mime_types: allowed } =
    (answer.json ?? {}) as Row;
  const findings: Observation[] = [];
  const update = (set: string) => `update storage.buckets set ${set} where id = '${id}';`;
  if (isPublic !== true) {
    findings.push(failed(
      `The bucket ${id} is not public: the URLs of its assets cannot be opened.`,
      update("public = true"),
    ));
  }
  const refused = types.filter((type) => !isAllowed(type, allowed));
  if (refused.length > 0) {
    findings.push(failed(
      `The bucket ${id} refuses ${refused.join(", ")}.`,
      update(
        `allowed_mime_types = allowed_mime_types || array[${
          refused.map((type) => `'${type}'`).join(", ")
        }]`,
      ),
    ));
  }
  if (typeof limit === "number" && limit < bytes) {
    findings.push(warning(
      `The bucket ${id} takes ${Math.floor(limit / MIB)} MiB at most; an asset may have ` +
        `${bytes / MIB}.`,
      update(`file_size_limit = ${50 * MIB}`),
    ));
  }
  return findings.length > 0 ? findings : [ok(`The bucket ${id} is there, and public.`)];
}

/** Storage says 404 in the status, or in the JSON of a 400. */
function isNotFound({ status, json }: Reply): boolean {
  return status === 404 ||
    String((json as Row | undefined)?.statusCode) === "404";
}

/** A list of types may have `image/*`; no list, or an empty one, lets everything in. */
function isAllowed(type: string, allowed: unknown): boolean {
  if (!Array.isArray(allowed) || allowed.length === 0) return true;
  return allowed.some((pattern) =>
    pattern === type || pattern === "*/*" || pattern === `${type.split("/")[0]}/*`
  );
}
