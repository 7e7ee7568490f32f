/**
 * The real SQL, called like the model: the same ids, and a time that goes by when it is told to.
 *
 * @module
 */

import type { PGlite } from "@electric-sql/pglite";
import { openMigratedPglite } from "../support/pglite.ts";
import type { Step } from "./sequences.ts";

/** As in `state.rs`: the seconds to which times are rounded. */
const STEP = 120;

/** Functions that answer rows; the others answer one value. */
const SETS = [
  "claim_generation_jobs",
  "unpublished_generation_jobs",
  "cancelled_generation_operations",
  "redrive_generation_jobs",
  "reset_generation_models",
];

/** One count for the messages of both queues, and job ids that follow it. */
const IDS = `
  create sequence public.messages_sent;
  alter table public.generation_jobs alter column id set default (
    '00000000-0000-4000-8000-' || lpad(currval('public.messages_sent')::text, 12, '0')
  )::uuid;
`;

/** The jitter of rests, as in `answer.rs`. */
const JITTER = `
  do $$
  begin
    execute replace(
      pg_get_functiondef('generation_private.rest_seconds'::regproc), 'random()', '0.75'
    );
  end
  $$;
`;

const EMPTY = `
  truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue,
    pgmq.a_image_generation_queue, pgmq.a_video_generation_queue,
    public.generation_jobs, public.generation_publications, public.generation_models,
    public.kv_store_7ee7668a, generation_private.workers cascade;
  alter sequence public.messages_sent restart;
`;

const STATE = `
  with
    queued as (
      select 'image_generation_queue' as queue, msg_id, read_ct, vt
      from pgmq.q_image_generation_queue
      union all
      select 'video_generation_queue', msg_id, read_ct, vt
      from pgmq.q_video_generation_queue
    ),
    archived as (
      select 'image_generation_queue' as queue, msg_id, read_ct from pgmq.a_image_generation_queue
      union all
      select 'video_generation_queue', msg_id, read_ct from pgmq.a_video_generation_queue
    ),
    clock as materialized (select clock_timestamp() as now)
  select json_build_object(
    'jobs', (
      select coalesce(json_agg(json_build_object(
        'id', job.id,
        'queue', job.queue,
        'message', job.message,
        'status', job.status,
        'attempts', job.attempts,
        'deaths', job.deaths,
        'alone_lease_token', job.alone_lease_token,
        'lease_token', job.lease_token,
        'operation', job.operation,
        'submitted_ago', extract(epoch from now - job.submitted_at),
        'submission_announced', job.submission_started_at is not null,
        'submission_lease_token', job.submission_lease_token,
        'submission_model', job.submission_model,
        'waits_for', job.waits_for,
        'troubles', job.troubles,
        'own_troubles', job.own_troubles,
        'own_trouble_lease_token', job.own_trouble_lease_token,
        'pending_ago', extract(epoch from now - job.pending_since),
        'object_path', job.object_path,
        'asset_url', job.asset_url,
        'content_type', job.content_type,
        'entities', coalesce(job.entities, '[]'),
        'publication', (
          select json_build_object('choice', p.choice, 'due_in', extract(epoch from p.due_at - now))
          from public.generation_publications as p where p.job_id = job.id
        ),
        'chosen_ago', extract(epoch from now - job.chosen_at),
        'choices', job.choices,
        'cancellation_pending', job.cancellation_pending,
        'cancellation_tries', job.cancellation_tries,
        'error_code', job.error_code,
        'discarded', (
          select coalesce(json_agg(event -> 'operation'), '[]')
          from jsonb_array_elements(job.history) as event
          where event ? 'operation'
        ),
        'started', job.started_at is not null,
        'finished_ago', extract(epoch from now - job.finished_at),
        'updated_ago', extract(epoch from now - job.updated_at),
        'in_queue', (
          select coalesce(json_agg(json_build_object(
            'read_ct', q.read_ct, 'visible_in', extract(epoch from q.vt - now)
          )), '[]')
          from queued as q where q.queue = job.queue and q.msg_id = job.msg_id
        ),
        'in_archive', (
          select coalesce(json_agg(json_build_object('read_ct', a.read_ct)), '[]')
          from archived as a where a.queue = job.queue and a.msg_id = job.msg_id
        )
      ) order by job.msg_id), '[]')
      from public.generation_jobs as job
    ),
    'entities', (
      select coalesce(json_object_agg(key, json_build_object(
        'image', coalesce(value -> 0, value) -> 'imageUrl',
        'video', coalesce(value -> 0, value) -> 'videoUrl',
        'broken', jsonb_typeof(value) <> 'object'
      )), '{}')
      from public.kv_store_7ee7668a
    ),
    'models', (
      select coalesce(json_agg(json_build_object(
        'model', stands.model,
        'state', stands.state,
        'rests_in', extract(epoch from stands.rests_until - now),
        'code', stands.code,
        'reason', stands.reason,
        'since_ago', extract(epoch from now - stands.since),
        'troubles', stands.troubles,
        'doubted_ago', extract(epoch from now - stands.doubted_at),
        'delay_named', stands.delay_named,
        'probe_job', stands.probe_job,
        'probe_lease', stands.probe_lease,
        'updated_ago', extract(epoch from now - stands.updated_at)
      ) order by stands.model), '[]')
      from public.generation_models as stands
    )
  ) as state
  from clock
`;

/** A database that sequences can be played against, one after the other. */
export class Database implements AsyncDisposable {
  private constructor(private readonly postgres: PGlite) {}

  static async open(): Promise<Database> {
    const postgres = await openMigratedPglite();
    await postgres.exec(IDS + JITTER);
    return new Database(postgres);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.postgres.close();
  }

  /** Makes everything as it was before the first message. */
  async empty(): Promise<void> {
    await this.postgres.exec(EMPTY);
  }

  /** Does what a step does; what is answered, in the words of the model. */
  async play({ does, with: args }: Step): Promise<unknown> {
    switch (does) {
      case "pgmq.send":
        await this.chooseId(args.queue_name);
        return await this.value(
          "select pgmq.send($1, $2::jsonb, $3::integer) as answer",
          [args.queue_name, args.message, args.delay_seconds],
        );
      case "enqueue_generation_job":
        await this.chooseId(args.queue_name);
        return await this.call(does, args);
      case "read by hand":
        // Who does this makes a message visible whose worker seems to be stuck.
        await this.value("select pgmq.set_vt($1::text, $2::bigint, 0) as answer", [
          args.queue_name,
          args.msg_id,
        ]);
        return (await this.postgres.query(
          "select read_ct from pgmq.read($1, $2, 1, jsonb_build_object('prompt', $3::text))",
          [args.queue_name, args.vt, `job ${Number(args.msg_id) - 1}`],
        )).rows;
      case "time goes by":
        await this.goBack(Number(args.seconds));
        return null;
      case "an entity changes":
        await this.postgres.query(ENTITY[String(args.becomes)], [args.key]);
        return null;
      default:
        return normal(does, await this.call(does, args));
    }
  }

  /** What the tables hold. */
  async state(): Promise<unknown> {
    return rounded(await this.value(STATE, []));
  }

  private async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    const named = Object.keys(args).map((arg, place) => `${arg} => $${place + 1}`).join(", ");
    const sql = `select to_json(answer) as answer from public.${name}(${named}) as answer`;
    try {
      const { rows } = await this.postgres.query<{ answer: unknown }>(sql, Object.values(args));
      const answers = rows.map(({ answer }) => answer);
      return SETS.includes(name) ? answers : answers[0];
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return { error: code, message };
    }
  }

  private async value(sql: string, parameters: unknown[]): Promise<unknown> {
    const { rows } = await this.postgres.query<Record<string, unknown>>(sql, parameters);
    return rows.flatMap(Object.values)[0];
  }

  /** Lets the next message of a queue have the next number of both. */
  private async chooseId(queue: unknown): Promise<void> {
    await this.value(
      `select setval(
         pg_get_serial_sequence('pgmq.q_' || $1::text, 'msg_id'),
         nextval('public.messages_sent'),
         false
       )`,
      [queue],
    );
  }

  /** Time goes by: all that has happened, and is due, moves back. */
  private async goBack(seconds: number): Promise<void> {
    const by = `- make_interval(secs => ${seconds})`;
    const moved = (columns: string[]) => columns.map((column) => `${column} = ${column} ${by}`);
    const update = (table: string, ...columns: string[]) =>
      `update ${table} set ${moved(columns).join(", ")};`;
    await this.postgres.exec([
      ...["image_generation_queue", "video_generation_queue"].flatMap((queue) => [
        update(`pgmq.q_${queue}`, "enqueued_at", "vt"),
        update(`pgmq.a_${queue}`, "enqueued_at", "archived_at", "vt"),
      ]),
      update(
        "public.generation_jobs",
        ...["enqueued_at", "started_at", "finished_at", "updated_at"],
        ...["submission_started_at", "submitted_at", "pending_since", "chosen_at"],
      ),
      update("public.generation_publications", "due_at"),
      update("public.generation_models", "rests_until", "since", "updated_at", "doubted_at"),
    ].join("\n"));
  }
}

/** What becomes of an entity; in an array its value is kept until it is made whole. */
const ENTITY: Record<string, string> = {
  present: "insert into public.kv_store_7ee7668a values ($1, '{}')",
  broken: "update public.kv_store_7ee7668a set value = jsonb_build_array(value) where key = $1",
  whole: "update public.kv_store_7ee7668a set value = value -> 0 where key = $1",
};

/** An answer without what the model does not know, in an order that is always the same. */
function normal(does: string, answer: unknown): unknown {
  if (does === "claim_generation_jobs") return claims(answer as Claim[]);
  if (does === "report_generation_trouble" && typeof answer === "number") {
    return toSteps(answer);
  }
  if (does === "unpublished_generation_jobs") {
    return byId(answer as Job[]);
  }
  if (does === "maintain_generation_queue") {
    const { unpublished, cancelled } = answer as { unpublished: Job[]; cancelled: unknown };
    return { unpublished: byId(unpublished), cancelled };
  }
  if (does === "complete_generation_job" || does === "choose_generation_result") {
    const { error, message } = answer as { error?: string; message?: string };
    if (error === "GJ001") {
      return { error, entity: message?.match(/^Error updating entity (\S+): ./)?.[1] };
    }
    if (error !== undefined) return { error };
  }
  if (does === "complete_generation_job" && (answer as { held: boolean }).held) {
    const completion = answer as { due: Job[]; claims: Claim[] | null };
    return {
      ...completion,
      due: byId(completion.due),
      claims: completion.claims && claims(completion.claims),
    };
  }
  return answer;
}

interface Job {
  job_id: string;
}

interface Claim extends Job {
  enqueued_at: string;
}

const byId = (jobs: Job[]) => jobs.sort((one, other) => one.job_id < other.job_id ? -1 : 1);

const claims = (rows: Claim[]) => rounded(rows.map(({ enqueued_at: _, ...claim }) => claim));

/** With the fields that tell a time rounded, so that the milliseconds of the calls do not show. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, field) => {
    return typeof field === "number" && /_ago$|_in$|seconds$/.test(key) ? toSteps(field) : field;
  });
}

function toSteps(seconds: number): number {
  return Math.round(seconds / STEP) * STEP + 0;
}
