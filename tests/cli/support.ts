/** A project on the loopback and a terminal of the test's own. */
import { equal } from "node:assert/strict";
import type { Io } from "../../cli/io.ts";
import type { Job } from "../../cli/jobs.ts";
import { main } from "../../cli/main.ts";
import type { Core } from "../../cli/session.ts";
import { serve } from "../support/loopback.ts";

/** A call that the project received. */
export interface Call {
  name: string;
  headers: Headers;
  body: Record<string, unknown>;
}

/** The answer of the project to a call; undefined: that of a healthy project. */
export type Answer = (call: Call, index: number) => Response | undefined;

/** The states of a job, poll after poll. */
export type Course = (Partial<Job> & { error?: unknown })[];

/** PostgREST as far as the tool uses it: `enqueue_generation_job` and `generation_job`. */
export function startProject(
  options: { answer?: Answer; course?: Course; standing?: Record<string, string>[] } = {},
) {
  const calls: Call[] = [];
  /** The columns of jobs that were asked for. */
  const selected: string[] = [];
  const progress = new Map<string, number>();
  /** The next state of a job. */
  const next = (id: string) => {
    const course = options.course ?? [{ status: "succeeded", asset_url: "http://asset" }];
    const at = progress.get(id) ?? 0;
    progress.set(id, at + 1);
    return {
      id,
      kind: "image",
      position: null,
      attempts: 0,
      updated_at: "2026-11-25T12:00:00Z",
      asset_url: null,
      error: null,
      ...course[Math.min(at, course.length - 1)],
    };
  };
  const server = serve(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.replace("/rest/v1/rpc/", "");
    if (name === "/rest/v1/generation_standing") return Response.json(options.standing ?? []);
    if (name === "/rest/v1/generation_jobs") {
      selected.push(searchParams.get("select") ?? "");
      const ids = searchParams.get("id")?.match(/[0-9a-f-]{36}/g) ?? [];
      return Response.json(ids.map(next));
    }
    const call = { name, headers: request.headers, body: await request.json() };
    calls.push(call);
    const special = options.answer?.(call, calls.length - 1);
    if (special) return special;
    if (name === "enqueue_generation_job") {
      const count = calls.filter((call) => call.name === name).length;
      return Response.json([{ job_id: jobId(count), msg_id: 100 + count }]);
    }
    if (name === "generation_job") return Response.json(next(call.body.job_id as string));
    return Response.json({ code: "PGRST202", message: "no such function" }, { status: 404 });
  });
  const messages = () =>
    calls.filter(({ name }) => name === "enqueue_generation_job")
      .map(({ body: { queue_name, message } }) => ({ queue: queue_name, message }));
  return {
    ...server,
    calls,
    selected,
    messages,
    /** Runs the tool against this project. */
    run: (args: string[], change?: Partial<Io>) => run(args, environmentFor(server.url), change),
  };
}

/** The id of the n-th job. */
export function jobId(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

/** Replaces the WASM core: a message needs a prompt, and a duration is one of three; an image costs 4 cents,
 * and a model that is named is one of the workers'. */
export const core: Core = {
  version: () => "1.2.3",
  estimateImageJob: (message, { models = [] }) => estimated(message, models, 0.04),
  estimateVideoJob: (message, { models = [] }) => estimated(message, models, null),
  validateImageJob: (message) => check(message, []),
  validateVideoJob: (message) => {
    const { durationSeconds = "8" } = (message ?? {}) as { durationSeconds?: unknown };
    const known = ["4", "6", "8"].includes(String(durationSeconds));
    check(message, known ? [] : [{ field: "durationSeconds", expected: '"4" or "6" or "8"' }]);
  },
};

function estimated(message: unknown, models: string[], usd: number | null) {
  const { model } = message as { model?: string };
  if (model && models.length > 0 && !models.includes(model)) {
    const issues = [{ field: "model", expected: models.join(" or ") }];
    throw Object.assign(new Error("invalid message"), { issues });
  }
  return { models: models.map((model) => ({ model, usd })), lowestUsd: usd, highestUsd: usd };
}

function check(message: unknown, issues: { field: string; expected: string }[]) {
  const prompt = (message as { prompt?: unknown } | null)?.prompt;
  if (typeof prompt !== "string" || prompt.trim() === "") {
    issues = [{ field: "prompt", expected: "a non-empty string" }, ...issues];
  }
  if (issues.length > 0) throw Object.assign(new Error("invalid message"), { issues });
}

/** The line for a change of the n-th job, an image without a storyboard. */
export function changed(n: number, how: string): string {
  const time = new Date("2026-11-25T12:00:00Z").toTimeString().slice(0, 8);
  return `${time} ${jobId(n)}  image   ${how}`;
}

/** Runs the tool in this process. */
export async function run(
  args: string[],
  environment: Record<string, string> = {},
  change: Partial<Io> = {},
  tested: Core = core,
) {
  const out: string[] = [];
  const err: string[] = [];
  let slept = 0;
  const code = await main(args, tested, {
    environment: (name) => environment[name],
    stdout: (line) => out.push(line),
    stderr: (line) => err.push(line),
    readFile: () => Promise.reject(new Deno.errors.NotFound()),
    sleep: () => {
      slept++;
      return Promise.resolve();
    },
    fetch: (request) => fetch(request),
    now: () => Date.now(),
    ...change,
  });
  return { code, out, err, slept };
}

/** Runs the tool against a healthy project and answers the messages that it sent. */
export async function sent(args: string[], change?: Partial<Io>) {
  await using project = startProject();
  const { code, err } = await project.run(args, change);
  equal(code, 0, err.join("\n"));
  return project.messages();
}

export const SECRET_KEY = `sb_secret_${crypto.randomUUID().replaceAll("-", "")}`;

export function environmentFor(url: string): Record<string, string> {
  return { SUPABASE_URL: url, SUPABASE_SECRET_KEY: SECRET_KEY };
}
