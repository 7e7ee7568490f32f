/** Choosing jobs by what they have in common. */
import type { Flags } from "../commands.ts";
import { UsageError } from "../failure.ts";
import type { Kind } from "../validation.ts";

/** Columns of the ledger and the value that each has to have; `since` is a time span or a time. */
export interface Filter {
  kind?: Kind;
  status?: string;
  storyboard_id?: string;
  scene_id?: string;
  character_id?: string;
  owner?: string;
  error_code?: string;
  since?: { milliseconds: number } | { time: string };
}

const STATUSES = ["queued", "running", "waiting", "succeeded", "failed", "cancelled"];

const MILLISECONDS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws {UsageError} for a value that no job can have. */
export function readFilter(flags: Flags): Filter {
  const { status } = flags;
  if (status !== undefined && !STATUSES.includes(status)) {
    throw new UsageError(`--status: expected one of ${STATUSES.join(", ")}.`);
  }
  const filter: Filter = {
    kind: readKind(flags.kind),
    status,
    storyboard_id: flags.storyboard,
    scene_id: flags.scene,
    character_id: flags.character,
    owner: flags.owner,
    error_code: flags.error,
    since: readSince(flags.since),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** @throws {UsageError} when it is no kind. */
export function readKind(text: string | undefined): Kind | undefined {
  if (text === undefined || text === "image" || text === "video") return text;
  throw new UsageError("--kind: expected image or video.");
}

function readSince(text: string | undefined): Filter["since"] {
  if (text === undefined) return undefined;
  const [, count, unit] = text.match(/^(\d{1,6})([mhd])$/) ?? [];
  if (unit) return { milliseconds: Number(count) * MILLISECONDS[unit as "m" | "h" | "d"] };
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return { time: new Date(time).toISOString() };
  throw new UsageError("--since: expected a span like 30m, 24h or 7d, or a time like 2026-01-31.");
}

/** The conditions as PostgREST takes them. */
export function queryOf({ since, ...columns }: Filter, now: number): Record<string, string> {
  const query = Object.fromEntries(
    Object.entries(columns).filter(([, value]) => value !== undefined)
      .map(([column, value]) => [column, `eq.${value}`]),
  );
  if (since) {
    const time = "time" in since ? since.time : new Date(now - since.milliseconds).toISOString();
    query.enqueued_at = `gte.${time}`;
  }
  return query;
}
