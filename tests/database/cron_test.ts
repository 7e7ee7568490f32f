/**
 * The schedule on a real server, with the real pg_cron where Debian's package can be had, and with
 * the local stack's stand-in elsewhere; the name of the test says which. pg_net is no package
 * anywhere, so a stand-in performs the calls.
 */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { debian, PG_CRON, scheduler } from "./debian_postgres.ts";
import { migrate } from "../../local/database/migrate.ts";
import { connect, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { CRON, Cron } from "../../local/stack/schedule/cron.ts";
import { NET, Net } from "../../local/stack/schedule/net.ts";
import { VAULT } from "../../local/stack/schedule/vault.ts";

const isReal = debian !== undefined;

/** pg_cron before 1.5 looks once a minute, at its beginning. Milliseconds. */
const LONGEST_WAIT = 90_000;

Deno.test(`the schedule calls workers, by ${scheduler}`, async () => {
  const server = await startPostgres(PG_CRON);
  const sessions: Sql[] = [];
  const open = (url: string) => {
    const session = connect(url);
    sessions.push(session);
    return session;
  };
  try {
    const { url, superuserUrl } = await server.createDatabase({ pgmq: "script" });
    const owner = open(url);
    const database = {
      query: async <T>(sql: string, parameters: unknown[] = []) =>
        await owner.unsafe(sql, parameters as never[]) as unknown as T[],
      listen: (channel: string, callback: () => void) => open(url).listen(channel, callback),
    };
    if (isReal) {
      // As a hosted project has it: the extension is the server's, its use the owner's.
      await open(superuserUrl).unsafe(
        "create extension pg_cron; grant usage on schema cron to project_owner",
      );
    }
    await owner.unsafe(VAULT + NET + (isReal ? "" : CRON));
    await migrate(async (sql) => void (await owner.unsafe(sql)));

    const log: string[] = [];
    const net = await Net.open(database, (line) => log.push(line));
    await using functions = workers(open(url));
    await owner`select public.install_generation_schedule(${functions.url}, 'the key')`;
    await owner`update public.generation_worker_settings set call_interval_seconds = 1`;
    const cron = isReal ? undefined : new Cron(database, (line) => log.push(line));

    // No session reads the queue when this one becomes visible; only the schedule can find it.
    await owner`select pgmq.send('video_generation_queue', '{"prompt": "later"}', 1)`;
    await owner`select pgmq.send('image_generation_queue', '{"prompt": "now"}')`;
    await until(async () => {
      const jobs = await owner`select from public.generation_jobs where status = 'failed'`;
      return jobs.length === 2;
    });
    assert.deepEqual(functions.calls.sort(), [
      "/functions/v1/process-image-generation Bearer the key",
      "/functions/v1/process-video-generation Bearer the key",
    ]);

    // The run is recorded when it is over, the reply when it is read.
    const row = () =>
      owner`select * from public.generation_schedule() where queue = 'video_generation_queue'`;
    await until(async () => {
      const [{ last_runs: runs, last_calls: calls }] = await row();
      return runs[0]?.status === "succeeded" && calls[0]?.status_code === 202;
    });
    const [{ installed, schedule, missing }] = await row();
    assert.deepEqual({ installed, missing }, { installed: true, missing: [] });
    // Whatever this pg_cron takes: seconds, or else every minute.
    assert.match(schedule, /^(1 seconds|\* \* \* \* \*)$/);
    if (isReal) {
      const users = await owner`select distinct username::text from cron.job`;
      assert.deepEqual([...users], [{ username: "project_owner" }]);
    }

    const [{ removed }] = await owner`select public.remove_generation_schedule() as removed`;
    assert.equal(removed, true);
    assert.deepEqual([...await owner`select from cron.job`], []);
    assert.deepEqual(log, []);
    await cron?.close();
    await net.close();
  } finally {
    await close(server, sessions);
  }
});

/** Stands for both functions: answers at once, takes what is there and gives it up. */
function workers(session: Sql) {
  const calls: string[] = [];
  const running = new Set<Promise<void>>();
  const work = async (queue: string) => {
    await session`
      select public.fail_generation_job(${queue}, msg_id, lease_token, 'test', 'taken')
      from public.claim_generation_jobs(${queue}, 30, 5)`;
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    calls.push(`${pathname} ${request.headers.get("authorization")}`);
    const kind = /process-(\w+)-generation$/.exec(pathname)?.[1];
    const run = work(`${kind}_generation_queue`).finally(() => running.delete(run));
    running.add(run);
    return Response.json({}, { status: 202 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    calls,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await Promise.all(running);
    },
  };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const started = Date.now();
  while (!await isSo()) {
    if (Date.now() - started > LONGEST_WAIT) throw new Error(`not so after ${LONGEST_WAIT} ms`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

async function close(server: PostgresServer, sessions: Sql[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.end()));
  await server.close();
}
