/** That the baseline makes the same database as the migrations that it replaces. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, type DatabaseOptions, startPostgres } from "../support/postgres.ts";
import { STORAGE_BUCKETS } from "../../local/database/roles.ts";
import { EXTENSIONS } from "./tap.ts";

const BASELINE = new URL("../../supabase/baseline/", import.meta.url);

/** Every object of a database outside of PostgreSQL's own schemas, with all that defines it. */
const CATALOG = `
with ours as (
  select oid, nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'
),
relation as (
  select c.*, c.oid::regclass::text as name, obj_description(c.oid, 'pg_class') as comment
  from pg_class as c join ours on ours.oid = c.relnamespace
),
found (kind, name, definition) as (
  select 'schema', nspname::text, concat_ws(E'\\n', nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace'))
  from pg_namespace where nspname !~ '^(pg_|information_schema)'
  union all
  select 'extension', extname, extversion from pg_extension
  union all
  select 'default privileges', defaclnamespace::regnamespace || ' ' || defaclobjtype::text, defaclacl::text
  from pg_default_acl
  union all
  select 'function', p.oid::regprocedure::text,
    concat_ws(E'\\n', pg_get_functiondef(p.oid), p.proowner::regrole, p.proacl, obj_description(p.oid, 'pg_proc'))
  from pg_proc as p join ours on ours.oid = p.pronamespace
  where p.prokind in ('f', 'p')
  union all
  select 'relation', name, concat_ws(E'\\n', relkind, relpersistence, relowner::regrole, relacl, reloptions,
    relrowsecurity, relforcerowsecurity, relreplident, comment)
  from relation
  union all
  select 'column', r.name || '.' || a.attname::text, concat_ws(E'\\n', format_type(a.atttypid, a.atttypmod),
    a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attacl, a.attstorage,
    a.attstattarget, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
  from relation as r
  join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef as d on d.adrelid = r.oid and d.adnum = a.attnum
  where r.relkind <> 'i'
  union all
  select 'constraint', c.conrelid::regclass || ' ' || c.conname::text,
    concat_ws(E'\\n', pg_get_constraintdef(c.oid), c.convalidated, obj_description(c.oid, 'pg_constraint'))
  from pg_constraint as c join ours on ours.oid = c.connamespace
  union all
  select 'index', name, pg_get_indexdef(oid) from relation where relkind = 'i'
  union all
  select 'sequence', name, concat_ws(E'\\n', s.seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcycle)
  from relation as r join pg_sequence as s on s.seqrelid = r.oid
  union all
  select 'trigger', t.tgrelid::regclass || ' ' || t.tgname::text,
    concat_ws(E'\\n', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
  from pg_trigger as t where not t.tgisinternal
  union all
  select 'view', name, pg_get_viewdef(oid) from relation where relkind in ('v', 'm')
  union all
  select 'policy', polrelid::regclass || ' ' || polname::text, concat_ws(E'\\n', polcmd, polpermissive,
    polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  from pg_policy
  union all
  select 'rule', ev_class::regclass || ' ' || rulename::text, pg_get_ruledef(oid) from pg_rewrite
  where rulename <> '_RETURN'
  union all
  select 'type', t.oid::regtype::text, concat_ws(E'\\n', t.typtype, t.typacl, obj_description(t.oid, 'pg_type'))
  from pg_type as t join ours on ours.oid = t.typnamespace
  union all
  select 'publication', p.pubname || ' ' || coalesce(r.prrelid::regclass::text, ''),
    concat_ws(E'\\n', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, r.prattrs, pg_get_expr(r.prqual, r.prrelid))
  from pg_publication as p left join pg_publication_rel as r on r.prpubid = p.oid
  union all
  select 'event trigger', evtname, evtevent from pg_event_trigger
)
select kind, name, definition from found order by kind, name
`;

/** The rows that the migrations write. */
const ROWS = [
  "storage.buckets",
  "cron.job",
  "public.generation_worker_settings",
  "public.generation_webhook_settings",
  "public.generation_limits",
];

async function baseline(session: Sql): Promise<void> {
  const names = [...Deno.readDirSync(BASELINE)].map(({ name }) => name).sort();
  for (const name of names) {
    await session.unsafe(await Deno.readTextFile(new URL(name, BASELINE))).catch((cause) => {
      throw new Error(`${name}: ${cause.message}`, { cause });
    });
  }
}

async function contents(session: Sql): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { kind, name, definition } of await session.unsafe(CATALOG)) {
    found.set(`${kind} ${name}`, definition);
  }
  for (const table of ROWS) {
    const [{ exists }] = await session`select to_regclass(${table}) is not null as exists`;
    if (!exists) continue;
    const rows = await session.unsafe(
      `select (to_jsonb(t) - 'created_at' - 'updated_at' - 'jobid')::text as row from ${table} as t order by 1`,
    );
    found.set(`rows ${table}`, rows.map(({ row }) => row).join("\n"));
  }
  return found;
}

const SECRETS = `
  select vault.create_secret('https://project.test', 'project_url');
  select vault.create_secret('key', 'worker_key');
  create publication supabase_realtime;
`;

const DATABASES: [15 | 18, DatabaseOptions, string][] = [
  [15, { pgmq: { extension: "1.5.1" } }, ""],
  [15, { pgmq: { extension: "1.5.1" } }, EXTENSIONS + STORAGE_BUCKETS + SECRETS],
  [18, { pgmq: { extension: "1.11.1" } }, EXTENSIONS + STORAGE_BUCKETS + SECRETS],
];

for (const [major, options, prepare] of DATABASES) {
  const extensions = prepare ? "with" : "without";
  Deno.test(`PostgreSQL ${major}, ${extensions} Supabase's extensions: the same objects`, async () => {
    const server = await startPostgres({ major });
    try {
      const of = async (run: (session: Sql) => Promise<void>) => {
        const { url } = await server.createDatabase(options);
        const session = connect(url);
        await session.unsafe(prepare);
        await run(session);
        const found = await contents(session);
        await session.end();
        return found;
      };
      const before = await of((session) =>
        migrate(async (sql) => void (await session.unsafe(sql)))
      );
      const after = await of(baseline);
      const again = await of(async (session) => {
        await baseline(session);
        await baseline(session);
      });
      assert.ok(before.size > 500);
      const different = [...before].filter(([name, definition]) => after.get(name) !== definition);
      assert.deepEqual(
        different.map(([name]) => [name, after.get(name)]),
        different,
      );
      assert.deepEqual([...after.keys()].filter((name) => !before.has(name)), []);
      assert.deepEqual(again, after, "applied twice");
    } finally {
      await server.close();
    }
  });
}
