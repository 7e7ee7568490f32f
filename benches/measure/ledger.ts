/** A PostgreSQL with the product's migrations, filled with jobs, and a bare queue of pgmq beside them. */
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, type PostgresServer, startPostgres } from "../../tests/support/postgres.ts";
import { cpuTime } from "../../tests/support/process_usage.ts";
import { median } from "./numbers.ts";

export const QUEUE = "image_generation_queue";
const STORYBOARDS = 1000;
const SCENES = 100_000;
const MODELS = ["gemini-2.5-flash-image", "gemini-3.1-flash-image"];

/** Nothing else is tuned. */
const SETTINGS = { max_wal_size: "8GB", checkpoint_timeout: "30min" };

const message = (n: string) =>
  `jsonb_build_object('storyboardId', 'board-' || ${n} % ${STORYBOARDS}, ` +
  `'sceneId', 'scene-' || ${n} % ${SCENES}, 'prompt', 'A hero on a cliff')`;

/** What a trigger would write into a row from its message. */
const FIELDS = "kind, storyboard_id, scene_id, prompt";
const fields = (message: string) =>
  `'image', ${["storyboardId", "sceneId", "prompt"].map((it) => `${message} ->> '${it}'`).join()}`;

/** A claimed job, as far as it is settled here. */
export interface Claim {
  job_id: string;
  msg_id: number;
  lease_token: number;
  message: { storyboardId: string };
}

interface Completion {
  publications: unknown[];
  claims: Claim[] | null;
}

/** A claim along with a completion, by the same worker as `claim`: another would have to claim by itself. */
const NEXT = {
  lease_seconds: 30,
  quantity: 1,
  models: MODELS,
  fallback_after_seconds: 600,
  job_deadline_seconds: 86_400,
};

/** Each claim has a number of its own. */
const claimId = () => Math.floor(Math.random() * 2 ** 52);

export class Ledger implements AsyncDisposable {
  private constructor(
    readonly server: PostgresServer,
    readonly url: string,
    readonly superuserUrl: string,
  ) {}

  static async start(): Promise<Ledger> {
    const server = await startPostgres({ major: 15, settings: SETTINGS });
    const database = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
    const owner = connect(database.url);
    await migrate(async (sql) => void (await owner.unsafe(sql)));
    await owner`select pgmq.create('bare')`;
    await owner`
      insert into public.kv_store_7ee7668a (key, value)
      select 'scene:board-' || n % ${STORYBOARDS}::int || ':scene-' || n, '{"title": "kept"}'
      from generate_series(1, ${SCENES}::int) as n`;
    await owner.end();
    return new Ledger(server, database.url, database.superuserUrl);
  }

  session(): Session {
    return new Session(connect(this.url));
  }

  /** Adds jobs that wait, and as many messages to the bare queue. Their triggers call no worker here. */
  async send(count: number): Promise<void> {
    await this.#quietly(`
      with sent as (
        insert into pgmq.q_${QUEUE} (vt, message)
        select clock_timestamp(), ${message("n")} from generate_series(1, ${count}) as n
        returning msg_id, enqueued_at, message
      )
      insert into public.generation_jobs (queue, msg_id, message, enqueued_at, ${FIELDS})
      select '${QUEUE}', msg_id, message, enqueued_at, ${fields("message")} from sent;
      insert into pgmq.q_bare (vt, message)
      select clock_timestamp(), ${message("n")} from generate_series(1, ${count}) as n`);
  }

  /** Adds jobs that have ended, with their archived messages: nine of ten have succeeded. */
  async end(from: number, count: number): Promise<void> {
    const failed = "n % 10 = 0";
    await this.#quietly(`
      insert into public.generation_jobs (
        queue, msg_id, status, message, attempts, lease_token, model, object_path, asset_url,
        content_type, entities, usage, cost_usd, error_code, enqueued_at, started_at, finished_at, ${FIELDS}
      )
      select
        '${QUEUE}', -n, case when ${failed} then 'failed' else 'succeeded' end, ${message("n")},
        1, 1, '${MODELS[0]}', 'board/scenes/scene/' || n || '.png',
        'https://project.test/storage/v1/object/public/storyboard-images/' || n || '.png',
        'image/png', '[{"slot": "scene", "key": "scene:board:scene", "outcome": "linked"}]',
        '{"promptTokenCount": 7, "candidatesTokenCount": 1290}', 0.039,
        case when ${failed} then 'no_image' end, at, at, at, ${fields(message("n"))}
      from generate_series(${from}, ${from + count - 1}) as n,
        lateral (select now() - n * interval '1 second' as at) as times;
      insert into pgmq.a_${QUEUE} (msg_id, read_ct, enqueued_at, archived_at, vt, message)
      select -n, 1, at, at, at, ${message("n")}
      from generate_series(${from}, ${from + count - 1}) as n,
        lateral (select now() - n * interval '1 second' as at) as times`);
  }

  /** As the superuser and without triggers, in one transaction. */
  async #quietly(statements: string): Promise<void> {
    const superuser = connect(this.superuserUrl);
    await superuser.unsafe(`set session_replication_role = replica; ${statements}`);
    await superuser.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** A client: the calls of a worker, and those that one would make on a bare queue instead. */
export class Session implements AsyncDisposable {
  /** What was claimed along with the last completion, and what is confirmed along with the next one. */
  #next: Claim | undefined;
  #copied: { job_id: string; publications: unknown[] }[] = [];

  constructor(readonly sql: Sql) {}

  async send(): Promise<void> {
    await this.sql.unsafe(`select pgmq.send('${QUEUE}', ${message("1")})`);
  }

  async claim(quantity: number): Promise<Claim[]> {
    return await this.sql<Claim[]>`
      select job_id, msg_id, lease_token, message
      from public.claim_generation_jobs(
        ${QUEUE}, 30, ${quantity}, ${MODELS}, claim_id => ${claimId()}
      )`;
  }

  /** Completes a job; answers which current objects are to be copied. */
  async complete(claim: Claim): Promise<unknown[]> {
    return (await this.#complete(claim, null)).publications;
  }

  async #complete({ msg_id, lease_token }: Claim, next: typeof NEXT | null): Promise<Completion> {
    const confirmed = this.sql.json(this.#copied.splice(0) as never);
    const [{ completion }] = await this.sql`
      select public.complete_generation_job(
        ${QUEUE}, ${msg_id}, ${lease_token}, ${`p/${msg_id}`}, ${`https://project.test/p/${msg_id}`},
        'image/png', 'm', ${this.sql.json({ totalTokenCount: 7 })}, 0.039,
        confirmed => ${confirmed},
        next => ${next && this.sql.json({ ...next, claim_id: claimId() })}
      ) as completion`;
    return completion;
  }

  async confirm({ job_id }: Claim, publications: unknown[]): Promise<void> {
    if (publications.length === 0) return;
    const made = this.sql.json(publications as never);
    await this.sql`select public.confirm_generation_publication(${job_id}, ${made})`;
  }

  /**
   * Completes a job, with the copy of the one before confirmed and the next one claimed along. Gives how
   * many there were: one, or none.
   */
  async work(): Promise<number> {
    const claim = this.#next ?? (await this.claim(1))[0];
    if (!claim) return 0;
    const claims = await this.completeAlong(claim);
    if (!claims) throw new Error("nothing was claimed along with a completion");
    [this.#next] = claims;
    return 1;
  }

  /** Completes a job likewise. Gives what was claimed along; null where a worker has to claim by itself. */
  async completeAlong(claim: Claim): Promise<Claim[] | null> {
    const { publications, claims } = await this.#complete(claim, NEXT);
    this.#copied = [{ job_id: claim.job_id, publications }];
    return claims;
  }

  /** The same on a bare queue: read and archive. */
  async bare(quantity: number): Promise<number> {
    const read = await this.sql`select msg_id from pgmq.read('bare', 30, ${quantity})`;
    for (const { msg_id } of read) await this.sql`select pgmq.archive('bare', ${msg_id}::bigint)`;
    return read.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end();
  }
}

/** What calls cost: as the client sees it, and in the database. */
export interface Cost {
  /** Milliseconds of each call. */
  times: number[];
  /** Milliseconds of CPU time that the backend took, per call. */
  cpu: number;
  /** Bytes of write-ahead log per call. */
  wal: number;
}

/** Makes a call again and again; `before` prepares each of them and is not counted. */
export async function costOf<T>(
  { sql }: Session,
  calls: number,
  before: () => Promise<T>,
  call: (prepared: T) => Promise<unknown>,
): Promise<Cost> {
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  const position = async () =>
    Number((await sql`select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at`)[0].at);
  const cost: Cost = { times: [], cpu: 0, wal: 0 };
  const wals: number[] = [];
  for (let n = -10; n < calls; n++) {
    const prepared = await before();
    const [wal, cpu, begun] = [await position(), cpuTime(pid).all, performance.now()];
    await call(prepared);
    const took = performance.now() - begun;
    const used = cpuTime(pid).all - cpu;
    const written = await position() - wal;
    if (n < 0) continue; // it fills caches
    cost.times.push(took);
    cost.cpu += used / calls;
    wals.push(written);
  }
  // Not the mean: after a checkpoint a call writes whole pages.
  cost.wal = median(wals);
  return cost;
}
