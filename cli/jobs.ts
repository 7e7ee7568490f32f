/** Jobs: their rows in the ledger, filters, and descriptions. */
import { adviceOf } from "../console/model/remedy.js";
import { limitText } from "../console/model/standing.js";
import type { Held } from "../console/model/types.d.ts";
import { plain } from "../supabase/functions/_shared/plain.ts";
import type { Api } from "./api.ts";
import { type Flags, oneOf, parsed, text, type Values } from "./flag.ts";
import { shorten } from "./terminal/table.ts";
import { ago } from "./text.ts";

export type Kind = "image" | "video";
export const KINDS = ["image", "video"] as const;

export const STATUSES = [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type Status = typeof STATUSES[number];

/** The columns of the ledger that are shown. */
export interface Job {
  id: string;
  kind: Kind;
  status: Status;
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
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
  /** The scene and character that it belongs to, once it has succeeded: whether their rows show the asset. */
  entities?: unknown;
  /** Position in the queue, 1 is next; only `generation_job` knows it. */
  position?: number | null;
  /** What keeps it from being claimed; only `generation_job` knows it. */
  waits_for?: Held | null;
}

/** Which model or limit a job waits for, until when, and why. */
export function waitingFor(held: Held, now: number): string {
  const { by, model, state, until, code, reason } = held;
  const next = until && Date.parse(until) > now ? `, next try ${ago(until, now)}` : "";
  if (by === "limit") return `a limit: ${limitText(held)}${next}`;
  return `${model}, which is ${state}${next}: ${code}: ${reason}`;
}

export const COLUMNS = [
  ...["id", "kind", "status", "storyboard_id", "scene_id", "character_id", "owner", "priority"],
  ...["attempts", "model", "prompt", "asset_url", "error_code", "error_message", "cost_usd"],
  ...["enqueued_at", "started_at", "finished_at", "updated_at"],
].join(",");

/** The jobs that `query` chooses, the newest first unless it says otherwise. */
export function jobsOf(api: Api, query: Record<string, string>): Promise<Job[]> {
  const order = "enqueued_at.desc,msg_id.desc";
  return api.rows<Job>("generation_jobs", { select: COLUMNS, order, ...query });
}

/** The ids that one request names: its address must not become too long. */
export const MOST_NAMED = 100;

export function isOver({ status }: Pick<Job, "status">): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** What a job is for: the scene, the character, or its storyboard alone. */
export function placeOf({ storyboard_id, scene_id, character_id }: Job): string {
  return plain([storyboard_id, scene_id, character_id].filter(Boolean).join("/"));
}

/** How much of the reason for a deferral is shown, in columns; `show` prints all of it. */
const REASON_WIDTH = 160;

/** The state of the job, in a line. */
export function describe(job: Job): string {
  const { status, attempts, position, asset_url, error_code, error_message } = job;
  const reason = error_code ? `: ${plain(`${error_code}: ${error_message ?? ""}`)}` : "";
  const passing = shorten(reason, REASON_WIDTH);
  switch (status) {
    case "queued":
      if (job.waits_for) {
        const { by, model, code, reason } = job.waits_for;
        if (by === "limit") return `queued, held by a limit: ${plain(limitText(job.waits_for))}`;
        return `queued, waits for ${shorten(plain(`${model}: ${code}: ${reason}`), REASON_WIDTH)}`;
      }
      if (attempts > 0) return `queued again after attempt ${attempts}${passing}`;
      return `queued${position ? `, number ${position} in the queue` : ""}${passing}`;
    // The error of an earlier attempt no longer matters.
    case "running":
      return attempts > 1 ? `running, attempt ${attempts}` : "running";
    case "waiting":
      return `the provider is making the video${passing}`;
    case "succeeded":
      return `succeeded: ${asset_url}`;
    default:
      return [`${status}${reason}`, adviceOf(error_code)].filter(Boolean).join(". ");
  }
}

const MILLISECONDS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Flags that filter jobs. */
export const FILTERS = {
  kind: oneOf("KIND", KINDS, "image or video"),
  storyboard: text("ID", "the jobs of a storyboard"),
  scene: text("ID", "the jobs of a scene"),
  character: text("ID", "the jobs of a character"),
  owner: text("ID", "the jobs of an owner"),
  since: parsed(
    "TIME",
    "jobs sent since then: 30m, 24h, 7d, or a time like 2026-01-31",
    "a span like 30m, 24h or 7d, or a time like 2026-01-31",
    readSince,
  ),
} satisfies Flags;

type Since = { milliseconds: number } | { time: string };

function readSince(text: string): Since | undefined {
  const [, count, unit] = text.match(/^(\d{1,6})([mhd])$/) ?? [];
  if (unit) return { milliseconds: Number(count) * MILLISECONDS[unit as "m" | "h" | "d"] };
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : { time: new Date(time).toISOString() };
}

/** The column that each flag filters by. */
const COLUMN_OF = {
  kind: "kind",
  status: "status",
  storyboard: "storyboard_id",
  scene: "scene_id",
  character: "character_id",
  owner: "owner",
  error: "error_code",
};

/** The conditions of the flags, as PostgREST takes them. */
export function queryOf(
  { since, ...flags }: Partial<Values<typeof FILTERS>> & { status?: string; error?: string },
  now: number,
): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [flag, column] of Object.entries(COLUMN_OF)) {
    const value = flags[flag as keyof typeof flags];
    if (value !== undefined) query[column] = `eq.${value}`;
  }
  if (since) {
    const time = "time" in since ? since.time : new Date(now - since.milliseconds).toISOString();
    query.enqueued_at = `gte.${time}`;
  }
  return query;
}
