/**
 * What the queue costs in the database, on a real PostgreSQL: claims while 100,000 messages wait,
 * with limits and without, beside the `pgmq.read` that one would write instead; sending, beside a
 * bare queue of pgmq; and looking, while the ledger holds 500,000 jobs that have ended as well. All
 * as a client on the same machine sees it, each setting on a copy of the same database.
 *
 *     deno run --allow-all benches/claim.ts [messages, 100000 unless given]
 *
 * Ends with 1 when something took longer than it may.
 */
import type { Sql } from "postgres";
import { migrate } from "../local/database/migrate.ts";
import { connect, startPostgres } from "../tests/support/postgres.ts";
import { CRON } from "../local/stack/schedule/cron.ts";
import { NET } from "../local/stack/schedule/net.ts";
import { VAULT } from "../local/stack/schedule/vault.ts";

const QUEUE = "image_generation_queue";
const STORYBOARDS = 1000;
const ENDED = 500_000;
const CALLS = 200;
/** What half of the claims, and of the looks at the metrics, have to keep to on the slowest machine. Milliseconds. */
const MOST = { claim: 20, turns: 60, metrics: 300 };

const waiting = Number(Deno.args[0] ?? 100_000);
if (!Number.isInteger(waiting) || waiting < 10_000) {
  console.error(`messages: expected a number from 10000 on, got ${Deno.args[0]}`);
  Deno.exit(2);
}

interface Measured {
  call: (n: number) => PromiseLike<unknown>;
  /** What has to be done before each call, unmeasured. */
  before?: () => PromiseLike<unknown>;
}

/** The same call again and again, without the first ones, which fill caches. */
async function measure({ call, before }: Measured, calls: number) {
  const times: number[] = [];
  for (let n = -Math.ceil(calls / 20); n < calls; n++) {
    await before?.();
    const begun = performance.now();
    await call(n);
    if (n >= 0) times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const percentile = (p: number) => times[Math.min(calls - 1, Math.floor(p * calls))];
  return { p50: percentile(0.5), p95: percentile(0.95) };
}

const slow: string[] = [];

/** Measures and prints a line; remembers what took longer than it may. */
async function line(name: string, what: Measured, most = Infinity, calls = CALLS) {
  const { p50, p95 } = await measure(what, calls);
  const [half, most95] = [p50, p95].map((time) => `${time.toFixed(1).padStart(6)} ms`);
  console.log(`  ${name.padEnd(44)} p50 ${half}, p95 ${most95}`);
  if (p50 > most) slow.push(`${name}: half of them should take at most ${most} ms`);
}

const server = await startPostgres({ major: 15, settings: { max_wal_size: "4GB" } });
const { url, superuserUrl } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
const superuser = connect(new URL("/postgres", superuserUrl).href + "?sslmode=disable");
let copies = 0;

/** A copy of the filled database, for its owner. */
async function copy(): Promise<Sql> {
  const name = `copy_${++copies}`;
  const { pathname } = new URL(url);
  await superuser.unsafe(
    `create database ${name} template ${pathname.slice(1)} owner project_owner`,
  );
  const there = new URL(url);
  there.pathname = name;
  return connect(there.href);
}

/** Measures on a copy of its own. */
async function on(measurements: (session: Sql) => Promise<void>): Promise<void> {
  const session = await copy();
  await measurements(session);
  await session.end();
}

/** Claims five; those of the time before have been done meanwhile, which is not measured. */
const claims = (session: Sql, models: string[]) => ({
  call: () => session`select * from public.claim_generation_jobs(${QUEUE}, 30, 5, ${models})`,
  before: () =>
    session`
      select public.complete_generation_job(
        j.queue, j.msg_id, j.lease_token, 'p', 'https://project.test/p', 'image/png', 'm', null, 0.039
      ) from public.generation_jobs as j where j.queue = ${QUEUE} and j.status = 'running'`,
});
const reads = (session: Sql) => ({
  call: () => session`select * from pgmq.read(${QUEUE}, 30, 5)`,
  before: () =>
    session`
      select pgmq.archive(${QUEUE}, array(
        select q.msg_id from pgmq.q_image_generation_queue as q where q.vt > clock_timestamp()
      ))`,
});
const MODELS = ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"];
const LIMIT = { model: MODELS[0], requests_per_minute: 1_000_000, jobs_in_flight: 1_000_000 };
const message = (n: number) => ({
  storyboardId: `board-${n % STORYBOARDS}`,
  sceneId: `scene-${n}`,
  prompt: "A hero on a cliff",
});

try {
  await fill();

  console.log(`claims of 5, ${waiting} messages wait`);
  await on((session) => line("pgmq.read", reads(session)));
  await on((session) => line("a claim without limits", claims(session, MODELS), MOST.claim));
  await on(async (session) => {
    await session`
      insert into public.generation_models (model, state, rests_until, since)
      values (${MODELS[0]}, 'retired', now() + interval '1 hour', now())`;
    await line("while the next model takes the jobs", claims(session, MODELS), MOST.claim);
    await session`
      insert into public.generation_models (model, state, rests_until, since)
      select model, 'resting', now() + interval '1 hour', now()
      from unnest(${MODELS.slice(1)}::text[]) as model`;
    await line("while all models rest: none is taken", claims(session, MODELS), MOST.claim);
  });
  await on(async (session) => {
    await session`insert into public.generation_limits ${session(LIMIT)}`;
    await line("with requests per minute and jobs in flight", claims(session, MODELS), MOST.claim);
  });
  await on(async (session) => {
    await session`insert into public.generation_limits (queue, fair_share) values (${QUEUE}, 'storyboard')`;
    await session`vacuum analyze public.generation_jobs`;
    await line("while those that wait get their turns", claims(session, MODELS), MOST.turns);
    // The last pass begins a minute after the change.
    await session`update generation_private.turn_passes set changed_at = '-infinity'`;
    await session`
      do $$
      begin
        while exists (select from generation_private.turn_passes) loop
          perform generation_private.assign_turns('image_generation_queue', 3000);
          commit;
        end loop;
      end
      $$`;
    await line(
      `with a fair share for ${STORYBOARDS} storyboards`,
      claims(session, MODELS),
      MOST.claim,
    );
    await session`insert into public.generation_limits ${session(LIMIT)}`;
    await line("with all of these", claims(session, MODELS), MOST.claim);
  });

  console.log("sends");
  await on(async (session) => {
    await session`select pgmq.create('bare')`;
    const send = (queue: string) => ({
      call: (n: number) => session`select pgmq.send(${queue}, ${session.json(message(n))})`,
    });
    await line("to a bare queue of pgmq", send("bare"));
    await line("with a ledger row", send(QUEUE));
    await session`insert into public.generation_limits (queue, fair_share) values (${QUEUE}, 'storyboard')`;
    await line("and a turn", send(QUEUE));
    await session.unsafe(VAULT + NET + CRON);
    await session`select public.install_generation_schedule('https://project.test', 'key')`;
    await line("and a look whether workers are needed", send(QUEUE));
  });

  console.log(`looks, ${waiting} messages wait and ${ENDED} jobs have ended`);
  await on(async (session) => {
    await end(session);
    const ids = await session`
      select id from public.generation_jobs where status = 'queued' order by msg_id`;
    const look = (id: string) => ({ call: () => session`select public.generation_job(${id})` });
    await line("generation_job, next in the queue", look(ids[0].id));
    await line("generation_job, at the end of the queue", look(ids.at(-1)!.id));
    await line(
      "generation_metrics",
      { call: () => session`select * from public.generation_metrics()` },
      MOST.metrics,
      20,
    );
  });
} finally {
  await superuser.end();
  await server.close();
}
for (const line of slow) console.error(line);
Deno.exit(slow.length > 0 ? 1 : 0);

/** A database as it is when a lot has been sent. */
async function fill(): Promise<void> {
  const owner = connect(url);
  await migrate(async (sql) => void (await owner.unsafe(sql)));
  await owner`
    select pgmq.send(${QUEUE}, jsonb_build_object(
      'storyboardId', 'board-' || n % ${STORYBOARDS}::int,
      'sceneId', 'scene-' || n,
      'prompt', 'A hero on a cliff'
    )) from generate_series(1, ${waiting}) as n`;
  await owner.unsafe("vacuum analyze");
  await owner.end();
}

/** Adds jobs that have ended: nine of ten have succeeded. */
async function end(owner: Sql): Promise<void> {
  await owner`
    insert into public.generation_jobs (
      queue, msg_id, status, message, attempts, lease_token, model, object_path, asset_url,
      content_type, entities, usage, cost_usd, error_code, enqueued_at, started_at, finished_at
    )
    select
      case when n % 10 = 1 then 'video_generation_queue' else ${QUEUE} end, -n,
      case when n % 10 = 0 then 'failed' else 'succeeded' end,
      jsonb_build_object(
        'storyboardId', 'board-' || n % ${STORYBOARDS}::int, 'sceneId', 'scene-' || n,
        'prompt', 'A hero on a cliff'
      ),
      1, 1, 'gemini-2.5-flash-image', 'board/scenes/scene/' || n || '.png',
      'https://project.test/storage/v1/object/public/storyboard-images/' || n || '.png',
      'image/png', '[{"slot": "scene", "key": "scene:board:scene", "outcome": "linked"}]',
      '{"promptTokenCount": 7, "candidatesTokenCount": 1290}', 0.039,
      case when n % 10 = 0 then 'no_image' end,
      now() - n * interval '1 minute', now() - n * interval '1 minute', now() - n * interval '1 minute'
    from generate_series(1, ${ENDED}) as n`;
  await owner.unsafe("select generation_private.count_ended_jobs()"); // as the schedule does
  await owner.unsafe("vacuum analyze");
}
