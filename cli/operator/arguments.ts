/** The command lines of operators. */
import type { Flags, OperatingCommand } from "../commands.ts";
import { UsageError } from "../failure.ts";
import type { Kind } from "../validation.ts";
import { type Filter, readFilter, readKind } from "./filter.ts";

/** What an operator asks for; `json` is for programs. */
export type OperatorCommand =
  & { json: boolean }
  & (
    | { name: "status" }
    | { name: "list"; filter: Filter; limit: number }
    | { name: "show"; jobId: string }
    | { name: "watch"; jobIds: string[]; intervalSeconds: number; untilEmpty: boolean }
    | { name: "cancel"; jobIds: string[]; filter: Filter; yes: boolean }
    | {
      name: "redrive";
      jobIds: string[];
      error?: string;
      kind?: Kind;
      forgetOperation: boolean;
      yes: boolean;
    }
    | { name: "metrics"; prometheus: boolean }
    | {
      name: "process";
      kinds: Kind[];
      maxJobs?: number;
      budgetSeconds?: number;
      background: boolean;
    }
    | { name: "doctor" }
  );

/** The most jobs that are listed at once; PostgREST's own limit on Supabase. */
const MOST_LISTED = 1000;

/** @throws {UsageError} that says what the command wants. */
export function readOperating(
  name: OperatingCommand,
  rest: string[],
  { json = false, ...flags }: Flags,
): OperatorCommand {
  switch (name) {
    case "status":
    case "doctor":
      noArguments(name, rest);
      return { name, json };
    case "list":
      noArguments(name, rest);
      return {
        name,
        filter: readFilter(flags),
        limit: whole(flags.limit, "limit", 1, MOST_LISTED) ?? 20,
        json,
      };
    case "show": {
      const [jobId, ...more] = ids(rest);
      if (jobId === undefined || more.length > 0) {
        throw new UsageError("show takes one argument, the id of a job.");
      }
      return { name, jobId, json };
    }
    case "watch": {
      const untilEmpty = flags["until-empty"] ?? false;
      if (untilEmpty && rest.length > 0) {
        throw new UsageError(
          "watch takes job ids or --until-empty: jobs are watched to their end.",
        );
      }
      const intervalSeconds = number(flags.interval, "interval", 0.1, 3600) ?? 2;
      return { name, jobIds: ids(rest), intervalSeconds, untilEmpty, json };
    }
    case "cancel": {
      const filter = readFilter(flags);
      only(name, rest, Object.keys(filter).length > 0, flags.all, "a filter like --storyboard=ID");
      if (filter.status && !["queued", "running", "waiting"].includes(filter.status)) {
        throw new UsageError("cancel --status: expected queued, running or waiting.");
      }
      return { name, jobIds: ids(rest), filter, yes: flags.yes ?? false, json };
    }
    case "redrive": {
      const kind = readKind(flags.kind);
      const chooses = flags.error !== undefined || kind !== undefined;
      only(name, rest, chooses, flags.all, "--error=CODE, --kind=image|video");
      return {
        name,
        jobIds: ids(rest),
        error: flags.error,
        kind,
        forgetOperation: flags["forget-operation"] ?? false,
        yes: flags.yes ?? false,
        json,
      };
    }
    case "metrics":
      noArguments(name, rest);
      if (json && flags.prometheus) {
        throw new UsageError("metrics takes --json or --prometheus, not both.");
      }
      return { name, prometheus: flags.prometheus ?? false, json };
    case "process":
      return {
        name,
        kinds: queues(rest),
        maxJobs: whole(flags["max-jobs"], "max-jobs", 1, 9999),
        budgetSeconds: number(flags.budget, "budget", 1, 3600),
        background: flags.background ?? false,
        json,
      };
  }
}

function noArguments(name: string, rest: string[]) {
  if (rest.length > 0) {
    throw new UsageError(`${name} takes no arguments, and got ${rest.join(" ")}`);
  }
}

/** What is changed is named: jobs by their ids, or by what they have in common, or all. */
function only(
  name: string,
  rest: string[],
  chooses: boolean,
  all: boolean | undefined,
  example: string,
) {
  const ways = [rest.length > 0, chooses, all].filter(Boolean).length;
  if (ways === 1) return;
  throw new UsageError(
    `${name} takes job ids, or ${example}, or --all${ways > 1 ? ": one of them" : ""}.`,
  );
}

function ids(rest: string[]): string[] {
  for (const id of rest) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
      throw new UsageError(
        `${id} is no job id: expected a UUID, as it is printed when a job is sent.`,
      );
    }
  }
  return rest;
}

function queues(rest: string[]): Kind[] {
  const [what, ...more] = rest;
  if (more.length === 0) {
    if (what === "images") return ["image"];
    if (what === "videos") return ["video"];
    if (what === "all") return ["image", "video"];
  }
  throw new UsageError("process takes one argument: images, videos or all.");
}

function number(text: string | undefined, flag: string, least: number, most: number) {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${flag}: expected a number from ${least} to ${most}.`);
}

function whole(text: string | undefined, flag: string, least: number, most: number) {
  const value = number(text, flag, least, most);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new UsageError(`--${flag}: expected a whole number from ${least} to ${most}.`);
}
