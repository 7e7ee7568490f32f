/** The help texts of the operators' commands. */
import type { OperatingCommand } from "./commands.ts";

const RUN = "deno run --allow-net --allow-env queue-trigger.ts";

const filters = (statuses: string) =>
  `  --kind=K          image or video
  --status=S        ${statuses}
  --storyboard=ID   --scene=ID   --character=ID   --owner=ID
  --since=T         sent since then: 30m, 24h, 7d, or a time like 2026-01-31`;

export const OPERATOR_TEXTS: Record<OperatingCommand, string> = {
  "status": `status                    both queues, failures, costs and schedule at a glance

  ${RUN} status`,

  "list": `list                      jobs, the newest first

${filters("queued, running, waiting, succeeded, failed or cancelled")}
  --error=CODE      why they failed, like storage_failed
  --limit=N         how many, 1 to 1000 (default: 20)

  ${RUN} list
  ${RUN} list --status=failed --since=24h
  ${RUN} list --storyboard=storyboard-001 --kind=video`,

  "show": `show JOB_ID               how a job stands, what came of it, and its history

  ${RUN} show JOB_ID`,

  "watch": `watch [JOB_ID …]          what happens, line by line

  With ids until those jobs have ended; exit code 0 only if all succeeded.
  --until-empty     without ids: until no job is left to do
  --interval=N      seconds between two looks (default: 2)

  ${RUN} watch
  ${RUN} watch JOB_ID`,

  "cancel": `cancel JOB_ID …           stop jobs that have not ended

  A video that the provider is making is cancelled there, too, where it can be.
${filters("queued, running or waiting")}
  --all             all jobs that have not ended
  --yes             do it: without it, jobs that were not named one by one are
                    only counted

  ${RUN} cancel JOB_ID
  ${RUN} cancel --storyboard=storyboard-001 --yes`,

  "redrive": `redrive JOB_ID …          send failed jobs again

  --error=CODE      those that failed for this reason
  --kind=K          those of one kind: image or video
  --all             all of them
  --forget-operation   give up what was submitted for a video, and submit it,
                    and pay for it, again; else it is polled on
  --yes             do it: asked for where it may pay a second time

  ${RUN} redrive JOB_ID
  ${RUN} redrive --error=storage_failed`,

  "metrics": `metrics                   latency, throughput, failures and costs

  --prometheus      in the text format that Prometheus scrapes

  ${RUN} metrics`,

  "process": `process images|videos|all  have the queues worked on now, as by a schedule

  --max-jobs=N      stop after N jobs
  --budget=N        take no more jobs after N seconds
  --background      do not wait for the end of the run

  ${RUN} process images`,

  "doctor": `doctor                    is everything there, and does it fit together?

  Looks at address and key, migrations, queues, buckets, functions, Google's key
  and models, the schedule and what failed lately, and says what mends each
  finding. Exit code 1 when something has failed. Nothing is generated.

  ${RUN} doctor`,
};
