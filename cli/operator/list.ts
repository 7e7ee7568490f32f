/** `list`: jobs, the newest first. */
import { EXIT } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { ago, rowsOf } from "../text.ts";
import type { OperatorCommand } from "./arguments.ts";
import { type Filter, queryOf } from "./filter.ts";

/** A row of the ledger, as far as it is listed. */
export interface ListedJob {
  id: string;
  kind: string;
  status: string;
  storyboard_id: string | null;
  scene_id: string | null;
  character_id: string | null;
  owner: string | null;
  priority: number;
  attempts: number;
  model: string | null;
  prompt: string | null;
  asset_url: string | null;
  error_code: string | null;
  error_message: string | null;
  cost_usd: number | null;
  enqueued_at: string;
  finished_at: string | null;
  updated_at: string;
}

const COLUMNS =
  "id,kind,status,storyboard_id,scene_id,character_id,owner,priority,attempts,model," +
  "prompt,asset_url,error_code,error_message,cost_usd,enqueued_at,finished_at,updated_at";

/** The jobs that a filter chooses, the newest first unless `query` says otherwise. */
export async function jobsOf(
  api: ProjectApi,
  filter: Filter,
  now: number,
  query: Record<string, string>,
): Promise<ListedJob[]> {
  return await api.rows<ListedJob>("generation_jobs", {
    select: COLUMNS,
    order: "enqueued_at.desc,msg_id.desc",
    ...queryOf(filter, now),
    ...query,
  });
}

/** What a job is for: the scene, the character, or its storyboard alone. */
export function placeOf(job: Pick<ListedJob, "storyboard_id" | "scene_id" | "character_id">) {
  return [job.storyboard_id, job.scene_id, job.character_id].filter(Boolean).join("/");
}

export async function list(
  { filter, limit, json }: OperatorCommand & { name: "list" },
  api: ProjectApi,
  { print, now }: Surroundings,
): Promise<number> {
  const jobs = await jobsOf(api, filter, now(), { limit: `${limit}` });
  if (json) {
    print(JSON.stringify(jobs));
  } else if (jobs.length === 0) {
    print("no jobs");
  } else {
    print(rowsOf(
      ["job", "kind", "status", "for", "attempts", "sent", "result"],
      jobs.map((job) => [
        job.id,
        job.kind,
        job.status,
        placeOf(job),
        job.attempts,
        ago(job.enqueued_at, now()),
        // A URL that is cut cannot be opened: it is in `show`.
        job.error_code ? `${job.error_code}: ${job.error_message}` : job.model,
      ]),
    ));
    if (jobs.length === limit) print(`the newest ${limit}: --limit=N shows more`);
  }
  return EXIT.ok;
}
