/** All at once: whatever the sessions do, none waits for ever, and nothing is left half done. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { crowd } from "./crowd.ts";
import { HOSTED, NEWEST, race } from "./sessions.ts";

/** Entities that do not have the URL of the newest success. */
async function stale(session: Sql): Promise<unknown[]> {
  return [
    ...await session`
    select entity.key, job.kind, job.asset_url, entity.value
    from public.kv_store_7ee7668a as entity
    cross join (values ('image'), ('video')) as kinds (kind)
    left join lateral (
      select * from public.generation_jobs as j
      where j.status = 'succeeded' and j.kind = kinds.kind
        and entity.key in ('scene:sb:' || j.scene_id, 'character:sb:' || j.character_id)
      order by j.enqueued_at desc, j.msg_id desc
      limit 1
    ) as job on true
    where entity.value ->> (kinds.kind || 'Url') is distinct from job.asset_url`,
  ];
}

const LEVELS: [string, number, string[]][] = [
  ["read committed", 2000, []],
  // The default of some projects. A call may be refused, a purge has to be, but nothing is half done.
  ["repeatable read", 700, ["40001", "55000"]],
  ["serializable", 700, ["40001", "55000"]],
];

for (const server of [HOSTED, NEWEST]) {
  Deno.test(`everybody at once, on PostgreSQL ${server.major}`, (t) =>
    race(t, async (step) => {
      for (const [level, milliseconds, allowed] of LEVELS) {
        await step(level, async ({ onlooker, another }) => {
          await onlooker`
            insert into public.kv_store_7ee7668a
            select kind || ':sb:' || n, '{}'
            from unnest(array['scene', 'character']) as kind, generate_series(1, 3) as n`;
          const sessions = Array.from({ length: 12 }, another);
          for (const session of sessions) {
            await session.unsafe(`set default_transaction_isolation = '${level}'`);
          }
          const seed = crypto.getRandomValues(new Uint32Array(1))[0];
          const { errors, deeds } = await crowd(sessions, { seed, milliseconds });
          console.log(`${level}: seed ${seed}, ${deeds} deeds`);
          const unexpected = [...errors].filter(([code]) => !allowed.includes(code));
          assert.deepEqual(unexpected, []);
          assert.deepEqual(await stale(onlooker), []);
        });
      }
    }, server));
}
