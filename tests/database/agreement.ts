/**
 * Whether queue, ledger and archive tell the same story.
 *
 * @module
 */

import type { Sql } from "postgres";

/** Everything that does not fit together, one line each. No session may be at work meanwhile. */
export async function disagreements(session: Sql): Promise<string[]> {
  const found = await Promise.all(
    ["image_generation_queue", "video_generation_queue"].map((queue) =>
      session.unsafe(
        `
        with job as (
          select *, status in ('queued', 'running', 'waiting') as live
          from public.generation_jobs where queue = $1
        )
        select 'on the queue without a live job: ' || q.msg_id as line
        from pgmq.q_${queue} as q
        where not exists (
          select from job where live and job.msg_id = q.msg_id and job.enqueued_at = q.enqueued_at
        )
        union all
        select job.status || ', but not on the queue: ' || job.msg_id
        from job
        where live and not exists (
          select from pgmq.q_${queue} as q
          where q.msg_id = job.msg_id and q.enqueued_at = job.enqueued_at
        )
        union all
        select 'archived, but no job has ended: ' || a.msg_id
        from pgmq.a_${queue} as a
        where not exists (
          select from job where not live and job.msg_id = a.msg_id and job.enqueued_at = a.enqueued_at
        )
        union all
        select job.status || ', but not archived: ' || job.msg_id
        from job
        where (status in ('succeeded', 'failed') or (status = 'cancelled' and error_code is null))
          and not exists (
            select from pgmq.a_${queue} as a
            where a.msg_id = job.msg_id and a.enqueued_at = job.enqueued_at
          )
        union all
        select 'two jobs of one message: ' || msg_id
        from job group by msg_id, enqueued_at having count(*) > 1
        union all
        select 'running without a lease: ' || msg_id from job where status = 'running' and lease_token is null
        `,
        [queue],
      )
    ),
  );
  return found.flat().map(({ line }) => line);
}
