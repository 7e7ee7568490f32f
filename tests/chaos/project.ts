import type { Sql } from "postgres";
import { connect, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { type Stack, startStack } from "../../local/stack/mod.ts";
import {
  entitiesOf,
  type Kind,
  LARGE,
  ORIGINALS,
  type PlannedJob,
  STORE,
  TOO_LARGE,
} from "./jobs.ts";

/** A row of the ledger. */
export interface Row {
  id: string;
  queue: string;
  msg_id: number;
  kind: Kind;
  status: string;
  owner: string | null;
  attempts: number;
  deaths: number;
  submission_lease_token: number | null;
  operation: { name: string } | null;
  object_path: string | null;
  asset_url: string | null;
  content_type: string | null;
  model: string | null;
  publication_pending: boolean;
  error_code: string | null;
  error_message: string | null;
  enqueued_at: Date;
}

/** Which process claimed a message. */
export interface ClaimNote {
  queue: string;
  msg_id: number;
  read_ct: number;
  /** The port at which the process reaches the project. */
  port: number;
  at: Date;
}

/** A message in a queue or an archive. */
export interface MessageNote {
  msg_id: number;
  enqueued_at: Date;
}

/** A row of `storage.objects`. */
export interface StoredObject {
  bucket_id: string;
  name: string;
  created_at: Date;
}

/** A time without a database. Milliseconds since the epoch. */
export interface Outage {
  how: "fast" | "immediate";
  from: number;
  until: number;
}

export const QUEUES = ["image_generation_queue", "video_generation_queue"];

/** How long the harness retries while the database is away. Milliseconds. */
const PATIENCE = 60_000;

/**
 * What the operator of this installation does. These are functions, as each statement has to see what
 * the one before it locked.
 *
 * Each claim records its process, in the same transaction: every process has a port of its own, so the
 * `host` header of the request identifies it.
 */
const OPERATOR = `
create schema chaos;
create table chaos.claims (
  queue text, msg_id bigint, read_ct integer, port integer,
  at timestamptz default clock_timestamp()
);
create index on chaos.claims (queue, msg_id, read_ct);
create table chaos.gone (port integer primary key);

create function chaos.note_claim() returns trigger language plpgsql security definer as $$
begin
  insert into chaos.claims (queue, msg_id, read_ct, port) values (
    tg_argv[0], new.msg_id, new.read_ct,
    split_part(current_setting('request.headers')::json ->> 'host', ':', 2)::integer
  );
  return null;
end
$$;
create trigger note_claim after update of read_ct on pgmq.q_image_generation_queue
  for each row execute function chaos.note_claim('image_generation_queue');
create trigger note_claim after update of read_ct on pgmq.q_video_generation_queue
  for each row execute function chaos.note_claim('video_generation_queue');

-- Makes deferred messages visible at once, as waiting for them would show nothing. A message is locked
-- before its job is read, as the product does it, so no claim can come in between.
create function chaos.end_delays(queue text) returns void language plpgsql as $$
declare
  delayed bigint;
begin
  for delayed in execute format(
    'select msg_id from pgmq.%I where vt > clock_timestamp() for update skip locked', 'q_' || queue
  ) loop
    execute format(
      'update pgmq.%I as q set vt = clock_timestamp() where q.msg_id = $1 and exists (
         select from public.generation_jobs as job
         where job.queue = $2 and job.msg_id = $1 and job.status in (''queued'', ''waiting''))',
      'q_' || queue
    ) using delayed, queue;
  end loop;
end
$$;

-- A lease keeps other workers from a job while its own worker may still work on it. A process that has
-- ended, with all its connections, does nothing any more: ending its leases now only saves the time
-- until they run out. No other lease is touched.
create function chaos.end_leases_of_the_gone(queue text) returns void language plpgsql as $$
begin
  execute format(
    'update pgmq.%I as q set vt = clock_timestamp()
     where q.vt > clock_timestamp() and exists (
       select from chaos.claims as claim join chaos.gone using (port)
       where claim.queue = $1 and claim.msg_id = q.msg_id and claim.read_ct = q.read_ct)',
    'q_' || queue
  ) using queue;
end
$$;
`;

/** A Supabase project on a PostgreSQL server that is restarted from time to time. */
export class Project implements AsyncDisposable {
  readonly outages: Outage[] = [];

  private constructor(
    private readonly server: PostgresServer,
    readonly stack: Stack,
    private readonly session: Sql,
  ) {}

  static async start(): Promise<Project> {
    const server = await startPostgres();
    try {
      const { superuserUrl } = await server.createDatabase({ pgmq: "available" });
      const stack = await startStack({ postgres: superuserUrl, functionsRoot: false });
      const project = new Project(server, stack, connect(superuserUrl));
      await project.#furnish();
      return project;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  async #furnish(): Promise<void> {
    await this.session.unsafe(OPERATOR);
    for (const { path, bytes } of [...ORIGINALS, LARGE, TOO_LARGE]) await this.#upload(path, bytes);
  }

  publicUrl(kind: Kind, path?: string): string {
    const base = `${this.stack.url}/storage/v1/object/public/${STORE[kind].bucket}`;
    return path === undefined ? base : `${base}/${path}`;
  }

  /** Sends a job by plain `pgmq.send`, once, even if the database goes away meanwhile. */
  async send(job: PlannedJob): Promise<void> {
    const { kind, label, message, upload } = job;
    if (upload) await this.#upload(upload.path, upload.bytes);
    await this.#insist(async (sql) => {
      const [sent] = await sql`
        select from public.generation_jobs where owner = ${label}`;
      if (sent) return;
      for (const key of entitiesOf(job)) {
        await sql`
          insert into public.kv_store_7ee7668a values (${key}, '{"title": "kept"}')
          on conflict do nothing`;
      }
      await sql`select pgmq.send(${`${kind}_generation_queue`}, ${message}::text::jsonb)`;
    });
  }

  /**
   * Makes jobs visible that no process works on, and lets models be probed soon, as waiting for either would show
   * nothing. `gone` are the ports of ended processes.
   */
  async operate(gone: number[]): Promise<void> {
    await this.#insist(async (sql) => {
      await sql`insert into chaos.gone select unnest(${gone}::integer[]) on conflict do nothing`;
      await sql`
        update public.generation_models set rests_until = clock_timestamp()
        where rests_until > clock_timestamp() and updated_at < clock_timestamp() - interval '2 seconds'`;
      for (const queue of QUEUES) {
        await sql`select chaos.end_leases_of_the_gone(${queue}), chaos.end_delays(${queue})`;
      }
    });
  }

  /**
   * Makes the copies due that were left undone. The product waits for ten minutes, until no worker
   * can be alive that may still make them: for when all of those are known to be gone.
   */
  async hastenRepairs(): Promise<number> {
    return await this.#insist(async (sql) => {
      const pending = await sql`
        update public.generation_publications set due_at = due_at - interval '11 minutes' returning job_id`;
      return pending.length;
    });
  }

  async restart(how: "fast" | "immediate", pause: number): Promise<void> {
    const from = Date.now();
    await this.server.restart(how, pause);
    this.outages.push({ how, from, until: Date.now() });
  }

  /** The number of live jobs. */
  async live(): Promise<number> {
    return await this.#insist(async (sql) => {
      const [{ live }] = await sql`
        select count(*)::integer as live from public.generation_jobs
        where status in ('queued', 'running', 'waiting')`;
      return live;
    });
  }

  rows(): Promise<Row[]> {
    return this.#insist(async (sql) => [
      ...await sql<Row[]>`
        select j.*, j.msg_id::integer as msg_id, p.job_id is not null as publication_pending
        from public.generation_jobs as j
        left join public.generation_publications as p on p.job_id = j.id
        order by j.enqueued_at, j.msg_id`,
    ]);
  }

  claims(): Promise<ClaimNote[]> {
    return this.#insist(async (sql) => [
      ...await sql<ClaimNote[]>`
        select *, msg_id::integer as msg_id from chaos.claims order by at`,
    ]);
  }

  messages(table: "q" | "a", queue: string): Promise<MessageNote[]> {
    return this.#insist(async (sql) => [
      ...await sql<MessageNote[]>`
        select msg_id::integer as msg_id, enqueued_at from pgmq.${sql(`${table}_${queue}`)}`,
    ]);
  }

  objects(): Promise<StoredObject[]> {
    return this.#insist(async (sql) => [
      ...await sql<StoredObject[]>`select bucket_id, name, created_at from storage.objects`,
    ]);
  }

  entities(): Promise<Map<string, Record<string, string>>> {
    return this.#insist(async (sql) => {
      const rows = await sql<{ key: string; value: Record<string, string> }[]>`
        select key, value from public.kv_store_7ee7668a`;
      return new Map(rows.map(({ key, value }) => [key, value]));
    });
  }

  /** The bytes of a public object; undefined if there is none. */
  async object(kind: Kind, path: string): Promise<Uint8Array | undefined> {
    const response = await fetch(this.publicUrl(kind, path));
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.ok ? bytes : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.end();
    await this.stack.close();
    await this.server.close();
  }

  async #upload(path: string, bytes: Uint8Array): Promise<void> {
    await persistently(async () => {
      const url = `${this.stack.url}/storage/v1/object/${STORE.image.bucket}/${path}`;
      const response = await fetch(url, {
        method: "POST",
        headers: {
          authorization: `Bearer ${this.stack.secretKey}`,
          "content-type": STORE.image.type,
          "x-upsert": "true",
        },
        body: bytes as BodyInit,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    });
  }

  #insist<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return persistently(() => work(this.session));
  }
}

/** Retries what the harness does itself until it works. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
