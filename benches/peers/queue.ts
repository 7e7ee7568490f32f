/**
 * What all peers share: the settings, the face of a function, and the loop over the queue. None of
 * them decides anything that the product decides: which failures are retried, what a hostile message
 * is, or whether a lease is still held.
 */

/** A claimed job, as far as the peers read it. */
export interface Claim {
  job_id: string;
  msg_id: number;
  lease_token: number;
  message: { storyboardId: string; sceneId: string; prompt: string; sourceImageUrl?: string };
}

/** What differs between images and videos. */
const KINDS = {
  image: {
    queue: "image_generation_queue",
    bucket: "storyboard-images",
    model: "gemini-2.5-flash-image",
    type: "image/png",
    extension: "png",
  },
  video: {
    queue: "video_generation_queue",
    bucket: "storyboard-videos",
    model: "veo-3.1-fast-generate-preview",
    type: "video/mp4",
    extension: "mp4",
  },
};
const LEASE_SECONDS = 30;

function variable(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export const kind = variable("KIND") as "image" | "video";
export const { queue, bucket, model, type, extension } = KINDS[kind];
export const supabaseUrl = variable("SUPABASE_URL");
export const secretKey: string = JSON.parse(variable("SUPABASE_SECRET_KEYS")).default;
export const googleUrl = variable("GOOGLE_GENERATIVE_AI_BASE_URL");
export const googleKey = variable("GOOGLE_GENERATIVE_AI_API_KEY");
const concurrency = Number(variable("CONCURRENCY"));

/** The arguments of the database's functions. */
const request = (quantity: number) => ({
  lease_seconds: LEASE_SECONDS,
  quantity,
  models: [model],
});
export const claimed = (quantity: number) => ({ queue_name: queue, ...request(quantity) });
export const lease = ({ msg_id, lease_token }: Claim) => ({
  queue_name: queue,
  msg_id,
  lease_token,
});

/** Where the asset of a job is stored, and the current object of its scene. */
export const objectPath = ({ job_id, message: { storyboardId, sceneId } }: Claim) =>
  `${storyboardId}/scenes/${sceneId}/${job_id}.${extension}`;
export const currentPath = ({ message: { storyboardId, sceneId } }: Claim) =>
  `${storyboardId}/${sceneId}.${extension}`;

/** Copies that were made, and are confirmed along with the next call. */
export const copied: { job_id: string; publications: unknown[] }[] = [];

/** What completing a job asks, beside the asset: to confirm copies and to claim the next job. */
export const along = () => ({ confirmed: copied.splice(0), next: request(1) });

/** What completing a job answers. */
export interface Completion {
  publications: { object_path: string }[];
  claims: Claim[];
}

/** The requests of a peer. */
export interface Requests {
  claim(quantity: number): Promise<Claim[]>;
  extend(claim: Claim): Promise<unknown>;
  /** Makes the asset, stores it, completes the job and copies the current object. Gives the next job. */
  work(claim: Claim): Promise<Claim[]>;
  /** What a run asks for at its end. */
  maintain(): Promise<unknown>;
}

/** Does a job while its lease is extended at half time. */
async function underLease(claim: Claim, { extend, work }: Requests): Promise<Claim[]> {
  const timer = setInterval(() => extend(claim).catch(console.error), LEASE_SECONDS * 500);
  try {
    return await work(claim);
  } finally {
    clearInterval(timer);
  }
}

/** Claims as many jobs as can begin at once, and does each, and what is claimed after it. */
async function drain(requests: Requests) {
  const counts = { succeeded: 0, failed: 0 };
  const lane = async (first: Claim) => {
    for (let next = [first]; next.length > 0;) {
      try {
        next = await underLease(next[0], requests);
        counts.succeeded++;
      } catch (error) {
        counts.failed++;
        console.error(error);
        next = await requests.claim(1);
      }
    }
  };
  await Promise.all((await requests.claim(concurrency)).map(lane));
  await requests.maintain();
  return { stopped: "empty", ...counts };
}

/** A function that answers a POST with the report of its run. */
export function functionOf(requests: Requests) {
  return {
    async fetch(request: Request): Promise<Response> {
      if (request.method !== "POST") return new Response(null, { status: 405 });
      if (request.headers.get("apikey") !== secretKey) return new Response(null, { status: 401 });
      return Response.json(await drain(requests));
    },
  };
}
