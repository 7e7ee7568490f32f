/** Several sessions at once, on a real server: what one connection cannot show. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../../local/database/postgres.ts";
import { EXTENSIONS } from "./tap.ts";

interface Sessions {
  /** One of two workers, with a connection of its own. */
  a: Sql;
  b: Sql;
  /** Somebody who looks on. */
  onlooker: Sql;
}

Deno.test("several sessions", async (t) => {
  const server = await startPostgres();

  /** A step with a database of its own, three connections, and three messages for one scene. */
  const step = (name: string, body: (sessions: Sessions) => Promise<void>) =>
    t.step(name, async () => {
      const { url } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
      const sessions = { a: connect(url), b: connect(url), onlooker: connect(url) };
      try {
        await migrate(async (sql) => void (await sessions.onlooker.unsafe(sql)));
        await sessions.onlooker`
          insert into public.kv_store_7ee7668a values ('scene:sb:s1', '{"title": "Cliff"}')`;
        await sessions.onlooker`
          select pgmq.send('image_generation_queue', jsonb_build_object(
            'storyboardId', 'sb', 'sceneId', 's1', 'prompt', n::text
          )) from generate_series(1, 3) as n`;
        await body(sessions);
      } finally {
        await Promise.all(Object.values(sessions).map((session) => session.end()));
      }
    });

  try {
    await step("two workers claim disjoint messages, without waiting", async ({ a, b }) => {
      await a`begin`;
      const first = await claim(a, 2);
      const second = await claim(b, 5);
      await a`commit`;
      assert.deepEqual(first.map((job) => job.prompt), ["1", "2"]);
      assert.deepEqual(second.map((job) => job.prompt), ["3"]);
    });

    await step("twenty workers claim every message once", async ({ onlooker }) => {
      await onlooker`
        select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text))
        from generate_series(4, 100) as n`;
      const [{ url }] = await onlooker`
        select 'postgresql://' || current_user || '@127.0.0.1:' || inet_server_port() || '/'
          || current_database() || '?sslmode=disable' as url`;
      const workers = Array.from({ length: 20 }, () => connect(url));
      const prompts = await Promise.all(workers.map(async (worker) => {
        const taken: string[] = [];
        for (;;) {
          const jobs = await claim(worker, 3);
          if (jobs.length === 0) break;
          taken.push(...jobs.map((job) => job.prompt));
        }
        await worker.end();
        return taken;
      }));
      const all = prompts.flat();
      assert.equal(all.length, 100);
      assert.equal(new Set(all).size, 100);
    });

    for (const order of ["older first", "newer first"]) {
      await step(`two jobs of one scene complete together, ${order}`, async (sessions) => {
        const { a, b, onlooker } = sessions;
        const [older, newer] = await claim(onlooker, 2);
        const [first, second] = order === "older first" ? [older, newer] : [newer, older];
        await a`begin`;
        await complete(a, first);
        const waiting = complete(b, second);
        await untilBlocked(onlooker);
        await a`commit`;
        const outcome = (await waiting).entities[0].outcome;
        assert.equal(outcome, second === newer ? "linked" : "superseded");
        const [scene] = await onlooker`
          select value ->> 'imageUrl' as url from public.kv_store_7ee7668a`;
        assert.equal(scene.url, "https://x.test/2.png");
      });
    }

    await step("linking does not undo what somebody else is writing", async (sessions) => {
      const { a, b, onlooker } = sessions;
      const [job] = await claim(b, 1);
      await a`begin`;
      await a`update public.kv_store_7ee7668a set value = value || '{"title": "Beach"}'`;
      const completion = complete(b, job);
      await untilBlocked(onlooker);
      await a`commit`;
      await completion;
      const [{ value }] = await onlooker`select value from public.kv_store_7ee7668a`;
      assert.equal(value.title, "Beach");
      assert.equal(value.imageUrl, "https://x.test/1.png");
    });

    await step("a cancellation waits for a completion, and comes too late", async (sessions) => {
      const { a, b, onlooker } = sessions;
      const [job] = await claim(a, 1);
      await a`begin`;
      await complete(a, job);
      const cancellation = b`select public.cancel_generation_job(${job.job_id}) as answer`;
      cancellation.execute();
      await untilBlocked(onlooker);
      await a`commit`;
      const [{ answer }] = await cancellation;
      assert.deepEqual(answer, { cancelled: false, status: "succeeded" });
    });

    await step("a completion waits for a cancellation, and stores nothing", async (sessions) => {
      const { a, b, onlooker } = sessions;
      const [job] = await claim(b, 1);
      await a`begin`;
      await a`select public.cancel_generation_job(${job.job_id})`;
      const completion = complete(b, job);
      await untilBlocked(onlooker);
      await a`commit`;
      assert.deepEqual(await completion, { held: false });
    });

    await step("senders wake workers without waiting for each other", async (sessions) => {
      const { a, b, onlooker } = sessions;
      await installSchedule(onlooker);
      await a`begin`;
      await send(a);
      // a has called a worker, and may yet roll that back: b relies on its own call, and is served
      // while a's transaction is open.
      await send(b);
      assert.equal(await calls(onlooker), 1);
      await a`rollback`;
      assert.equal(await calls(onlooker), 1);
      await send(a);
      assert.equal(await calls(onlooker), 1, "b's call is known by now");
    });

    await step("what is rolled back calls nobody", async ({ a, onlooker }) => {
      await installSchedule(onlooker);
      await a`begin`;
      await send(a);
      assert.equal(await calls(a), 1);
      await a`rollback`;
      assert.equal(await calls(onlooker), 0);
    });

    await step("a sender does not wait for a table that is being altered", async (sessions) => {
      const { a, b, onlooker } = sessions;
      await installSchedule(onlooker);
      for (const table of ["generation_private.worker_calls", "net.http_request_queue"]) {
        await a`begin`;
        await a.unsafe(`lock table ${table} in access exclusive mode`);
        await b`set statement_timeout = '10s'`; // or a sender that waits would wait for ever
        await send(b);
        await a`rollback`;
      }
      const [{ sent }] =
        await onlooker`select count(*)::int as sent from pgmq.image_generation_queue`;
      assert.equal(sent, 3 + 2);
      assert.equal(await calls(onlooker), 0);
    });

    await step(
      "two hundred senders at once call no more workers than are allowed",
      async (sessions) => {
        const { onlooker } = sessions;
        await installSchedule(onlooker);
        const [{ url }] = await onlooker`
        select 'postgresql://' || current_user || '@127.0.0.1:' || inet_server_port() || '/'
          || current_database() || '?sslmode=disable' as url`;
        const senders = Array.from({ length: 10 }, () => connect(url));
        await Promise.all(senders.map(async (sender) => {
          for (let n = 0; n < 20; n++) await send(sender);
          await sender.end();
        }));
        const made = await calls(onlooker);
        // Four are allowed; a session may call beside one whose transaction it cannot see yet.
        assert.ok(made >= 4 && made <= 4 + senders.length, `${made} calls`);
      },
    );

    await t.step("anon and authenticated are refused, service_role is served", async () => {
      const { superuserUrl } = await server.createDatabase({ pgmq: "available" });
      const superuser = connect(superuserUrl);
      await migrate(async (sql) => void (await superuser.unsafe(sql)));
      for (const role of ["anon", "authenticated"]) {
        await superuser.unsafe(`set role ${role}`);
        await assert.rejects(claim(superuser, 1), /permission denied/);
        await assert.rejects(superuser`select * from public.generation_jobs`, /permission denied/);
        await assert.rejects(superuser`select * from pgmq.image_generation_queue`, /permission/);
      }
      await superuser.unsafe("set role service_role");
      const [sent] = await superuser`
        select job_id from public.enqueue_generation_job('image_generation_queue', '{}')`;
      const [claimed] = await claim(superuser, 1);
      assert.equal(claimed.job_id, sent.job_id);
      const [seen] = await superuser`
        select (select count(*)::int from pgmq.image_generation_queue) as messages,
          (select count(*)::int from public.generation_jobs) as jobs`;
      assert.deepEqual({ ...seen }, { messages: 1, jobs: 1 });
      await superuser.end();
    });
  } finally {
    await server.close();
  }
});

/** Installs the schedule over stand-ins of its extensions. */
async function installSchedule(session: Sql): Promise<void> {
  await session.unsafe(EXTENSIONS);
  await session`select public.install_generation_schedule('https://project.test', 'key')`;
}

async function send(session: Sql): Promise<void> {
  await session`select pgmq.send('image_generation_queue', '{}')`;
}

/** How many calls of workers a session sees; pg_net sends what is committed. */
async function calls(session: Sql): Promise<number> {
  const [{ calls }] = await session`select count(*)::int as calls from net.http_request_queue`;
  return calls;
}

interface Claimed {
  job_id: string;
  msg_id: string;
  lease_token: number;
  prompt: string;
}

async function claim(session: Sql, quantity: number): Promise<Claimed[]> {
  return [
    ...await session<Claimed[]>`
    select job_id, msg_id, lease_token, message ->> 'prompt' as prompt
    from public.claim_generation_jobs('image_generation_queue', 30, ${quantity})`,
  ];
}

interface Completion {
  held: boolean;
  entities: { outcome: string }[];
}

async function complete(session: Sql, job: Claimed): Promise<Completion> {
  const [{ answer }] = await session<{ answer: Completion }[]>`
    select public.complete_generation_job(
      'image_generation_queue', ${job.msg_id}, ${job.lease_token}, ${job.prompt + ".png"},
      ${`https://x.test/${job.prompt}.png`}, 'image/png', 'm', null, null
    ) as answer`;
  return answer;
}

/** Resolves when some session of this database waits for a lock. */
async function untilBlocked(onlooker: Sql): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 20_000;) {
    const [{ blocked }] = await onlooker`
      select exists (
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
      ) as blocked`;
    if (blocked) return;
  }
  throw new Error("no session waits for a lock");
}
