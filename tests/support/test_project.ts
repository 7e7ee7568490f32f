/**
 * A whole installation for a test: the local stack with the real functions and the real `pkg/`, and
 * the provider simulator behind it.
 */
import assert from "node:assert/strict";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../local/simulator/mod.ts";
import { type Stack, type StackOptions, startStack } from "../../local/stack/mod.ts";

/** All protocols of videos: with a key, Veo as proxies still serve it, and Omni; Veo at Vertex AI. */
const VIDEO_MODELS =
  "veo-3.1-fast-generate-preview,gemini-omni-1.1-flash,vertex/veo-3.1-fast-generate-001";

/** What an installation is made of. */
export interface Parts {
  /** Variables of the functions, beside the usual ones. */
  env?: Record<string, string>;
  /** The key that the provider accepts. Default: a random one. */
  apiKey?: string;
  /** The key to call the functions with. Default: the project's. */
  callerKey?: string;
  /** Other options of the stack and the simulator. */
  stack?: StackOptions;
  simulator?: SimulatorOptions;
}

export type Kind = "image" | "video";
export type Message = Record<string, unknown>;

/** A function's report, as far as the tests read it. */
export interface Report {
  queue: string;
  stopped: string;
  claimed: number;
  succeeded: number;
  failed: number;
  retrying: number;
  waiting: number;
  jobs: { jobId: string; outcome: string; url?: string; model?: string; retryInSeconds?: number }[];
}

/** A ledger row. */
export interface Job {
  id: string;
  status: string;
  attempts: number;
  object_path: string | null;
  asset_url: string | null;
  content_type: string | null;
  model: string | null;
  operation: { model: string; name: string } | null;
  error_code: string | null;
  error_message: string | null;
  cost_usd: number | null;
}

/** Registers a test with its own installation, which its steps share. */
export function withTestProject(
  name: string,
  run: (project: TestProject, test: Deno.TestContext) => Promise<void>,
  parts: Parts = {},
): void {
  Deno.test(name, async (test) => {
    await using project = await TestProject.start(parts);
    await run(project, test);
  });
}

export class TestProject implements AsyncDisposable {
  #storyboards = 0;

  private constructor(
    readonly stack: Stack,
    readonly simulator: Simulator,
    readonly callerKey: string,
  ) {}

  static async start(parts: Parts = {}): Promise<TestProject> {
    const { env, apiKey, callerKey } = parts;
    const simulator = await startSimulator({ apiKey, ...parts.simulator });
    try {
      const stack = await startStack({
        ...parts.stack,
        env: {
          GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
          GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
          VIDEO_MODELS,
          ...simulator.vertexVariables(),
          ...env,
        },
      });
      return new TestProject(stack, simulator, callerKey ?? stack.secretKey);
    } catch (error) {
      await simulator.close();
      throw error;
    }
  }

  /** The variables with which the command line tools reach it. */
  get variables(): Record<string, string> {
    const { url, secretKey } = this.stack;
    return { SUPABASE_URL: url, SUPABASE_SECRET_KEY: secretKey };
  }

  /** The id of a new storyboard. */
  storyboard(): string {
    return `board-${++this.#storyboards}`;
  }

  /** Sends a message by plain `pgmq.send` and returns the job's id. */
  async send(kind: Kind, message: unknown): Promise<string> {
    const queue = `${kind}_generation_queue`;
    const [{ msg_id }] = await this.stack.sql<{ msg_id: number }>(
      "select msg_id from pgmq.send($1, $2::jsonb) as sent(msg_id)",
      [queue, JSON.stringify(message)],
    );
    const [{ id }] = await this.stack.sql<{ id: string }>(
      "select id from public.generation_jobs where queue = $1 and msg_id = $2",
      [queue, msg_id],
    );
    return id;
  }

  /** Creates an entity and returns its key. */
  async entity(key: string, value: unknown = { title: "kept" }): Promise<string> {
    await this.stack.sql(
      "insert into public.kv_store_7ee7668a (key, value) values ($1, $2::jsonb)",
      [key, JSON.stringify(value)],
    );
    return key;
  }

  async valueOf(key: string): Promise<Record<string, string>> {
    const [{ value }] = await this.stack.sql<{ value: Record<string, string> }>(
      "select value from public.kv_store_7ee7668a where key = $1",
      [key],
    );
    return value;
  }

  async job(id: string): Promise<Job> {
    const [job] = await this.stack.sql<Job>(
      "select * from public.generation_jobs where id = $1",
      [id],
    );
    return job;
  }

  /** Makes deferred jobs visible at once. */
  async makeVisible(kind: Kind): Promise<void> {
    await this.stack.sql("select public.reset_generation_models()");
    await this.stack.sql(`update pgmq.q_${kind}_generation_queue set vt = now()`);
  }

  call(kind: Kind, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.stack.url}/functions/v1/process-${kind}-generation`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.callerKey}` },
      ...init,
    });
  }

  /** Starts a run and waits for its report. */
  async run(kind: Kind, body?: Message): Promise<{ status: number; report: Report }> {
    const response = await this.call(kind, body && { body: JSON.stringify(body) });
    return { status: response.status, report: await response.json() };
  }

  /** How many messages are in a queue and in its archive. */
  async messages(kind: Kind): Promise<{ queued: number; archived: number }> {
    const [counts] = await this.stack.sql<{ queued: number; archived: number }>(
      `select (select count(*)::int from pgmq.q_${kind}_generation_queue) as queued,
              (select count(*)::int from pgmq.a_${kind}_generation_queue) as archived`,
    );
    return counts;
  }

  publicUrl(bucket: string, path: string): string {
    return `${this.stack.url}/storage/v1/object/public/${bucket}/${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.close();
    await this.simulator.close();
  }
}

/** Reads a public object, which must exist. */
export async function object(url: string): Promise<{ type: string; bytes: Uint8Array }> {
  const response = await fetch(url);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.status, 200, `${url}: ${new TextDecoder().decode(bytes.slice(0, 200))}`);
  return { type: response.headers.get("content-type") ?? "", bytes };
}

export function isPng(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.slice(1, 4)) === "PNG";
}

export function isMp4(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.slice(4, 8)) === "ftyp";
}
