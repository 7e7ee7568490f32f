/**
 * The SQL functions as a worker, a sender or an operator calls them.
 *
 * @module
 */

import type { Sql } from "postgres";

/** What a worker has to name to write. */
export interface Lease {
  queue?: string;
  msg_id: string;
  lease_token: number;
}

/** A job that was taken. */
export interface Claimed extends Lease {
  job_id: string;
  prompt: string;
}

const IMAGES = "image_generation_queue";

export async function claim(session: Sql, quantity = 1, queue = IMAGES): Promise<Claimed[]> {
  const rows = await session<Claimed[]>`
    select job_id, msg_id, lease_token, message ->> 'prompt' as prompt, ${queue} as queue
    from public.claim_generation_jobs(${queue}, 30, ${quantity})`;
  return [...rows];
}

export const extend = (session: Sql, { queue = IMAGES, msg_id, lease_token }: Lease) =>
  one<boolean>(
    session`select public.extend_generation_lease(${queue}, ${msg_id}, ${lease_token}, 30) as answer`,
  );

export const begin = (session: Sql, { queue = IMAGES, msg_id, lease_token }: Lease) =>
  one<boolean>(
    session`select public.begin_generation_submission(
      ${queue}, ${msg_id}, ${lease_token}, 'veo') as answer`,
  );

export const record = (session: Sql, { queue = IMAGES, msg_id, lease_token }: Lease, name = "op") =>
  one<boolean>(
    session`select public.record_generation_operation(
      ${queue}, ${msg_id}, ${lease_token}, jsonb_build_object('name', ${name}::text)) as answer`,
  );

/** What `complete_generation_job` and `cancel_generation_job` answer. */
export interface Completion {
  held: boolean;
  entities: { outcome: string }[];
  publications: { slot: string; object_path: string }[];
}

/** Stores an asset that is named after the attempt. */
export const complete = (session: Sql, lease: Claimed) => {
  const name = `${lease.prompt}-${lease.lease_token}.png`;
  return one<Completion>(
    session`select public.complete_generation_job(
      ${lease.queue ?? IMAGES}, ${lease.msg_id}, ${lease.lease_token}, ${name},
      ${"https://x.test/" + name}, 'image/png', 'm', null, 0.04) as answer`,
  );
};

export const defer = (session: Sql, { queue = IMAGES, msg_id, lease_token }: Lease, delay = 0) =>
  one<boolean>(
    session`select public.defer_generation_job(
      ${queue}, ${msg_id}, ${lease_token}, ${delay}, true, 'later', 'why') as answer`,
  );

export const fail = (session: Sql, { queue = IMAGES, msg_id, lease_token }: Lease) =>
  one<boolean>(
    session`select public.fail_generation_job(
      ${queue}, ${msg_id}, ${lease_token}, 'no_image', 'why') as answer`,
  );

export const cancel = (session: Sql, job_id: string) =>
  one<{ cancelled: boolean; status: string | null }>(
    session`select public.cancel_generation_job(${job_id}) as answer`,
  );

export const choose = (session: Sql, job_id: string) =>
  one<{ asset_url: string }>(
    session`select public.choose_generation_result(${job_id}) as answer`,
  );

/** The number of jobs sent again, of all that have failed. */
export const redrive = (session: Sql, queue = IMAGES) =>
  one<number>(
    session`select count(*)::int as answer from public.redrive_generation_jobs(queue_name => ${queue})`,
  );

export const prune = (session: Sql, includeFailed = false) =>
  one<number>(
    session`select jobs::int as answer from public.prune_generation_jobs('1 day', ${includeFailed})`,
  );

export const confirm = (session: Sql, job_id: string, publications: unknown[]) =>
  one<Completion["publications"]>(
    session`select public.confirm_generation_publication(
      ${job_id}, ${session.json(publications as never)}) as answer`,
  );

/** Jobs whose copies are to be made up for. */
export const unpublished = async (session: Sql, queue = IMAGES) => [
  ...await session<{ job_id: string; publications: Completion["publications"] }[]>`
    select job_id, publications from public.unpublished_generation_jobs(${queue}, 10)`,
];

async function one<T>(query: PromiseLike<Record<string, unknown>[]>): Promise<T> {
  const [{ answer }] = await query;
  return answer as T;
}
