/**
 * The SQL of pgmq and pgTAP as PostgreSQL's `create extension` wants it, out of the npm packages
 * that bring them to PGlite.
 *
 * @module
 */

import { pgmq } from "@electric-sql/pglite-pgmq";
import { pgtap } from "@electric-sql/pglite-pgtap";
import { readTarball } from "./tarball.ts";

/** The pgmq versions that can be installed: what Supabase hosts, and what PGlite has. */
export type PgmqVersion = "1.5.1" | "1.11.1";

/**
 * The package holds the whole SQL of 1.11.1 only, but every upgrade script from the beginning. The
 * scripts of 1.1.1 to 1.5.1 define all functions that 1.5.1 has, in its own words, except for the
 * few things here, which are older than they are.
 *
 * Compared with pgmq's own v1.5.1: tables and types are the same, and so is every function that
 * sends, reads, archives, deletes or measures. `metrics_all` is left out. Those that create and drop
 * queues call `alter extension` without asking whether there is an extension, so this 1.5.1 works as
 * an extension only, which is how Supabase has it.
 */
const BEFORE_1_1_1 = `
create table pgmq.meta (
  queue_name varchar unique not null,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz not null default now()
);
create type pgmq.message_record as (
  msg_id bigint,
  read_ct integer,
  enqueued_at timestamptz,
  vt timestamptz,
  message jsonb
);
create type pgmq.metrics_result as (
  queue_name text,
  queue_length bigint,
  newest_msg_age_sec int,
  oldest_msg_age_sec int,
  total_messages bigint,
  scrape_time timestamptz
);
create function pgmq._extension_exists(extension_name text) returns boolean language sql as $$
  select exists (select from pg_extension where extname = extension_name)
$$;
`;

const VERSIONS_TO_1_5_1 = [
  ..."1.1.0 1.1.1 1.2.0 1.2.1 1.3.0 1.3.1 1.3.2 1.3.3".split(" "),
  ..."1.4.0 1.4.1 1.4.2 1.4.3 1.4.4 1.4.5 1.5.0 1.5.1".split(" "),
];

/** The files that go into a server's `extension` folder: file name to text. */
export async function extensionFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const extension of [pgmq, pgtap]) {
    const { bundlePath } = await extension.setup({} as never, {});
    if (bundlePath === undefined) throw new Error(`${extension.name}: the package has no bundle`);
    for (const [path, text] of await readTarball(bundlePath)) {
      const name = path.match(/share\/postgresql\/extension\/(.+)$/)?.[1];
      if (name !== undefined) files.set(name, text);
    }
  }
  const upgrades = VERSIONS_TO_1_5_1.slice(1).map((version, index) => {
    const step = `${VERSIONS_TO_1_5_1[index]}--${version}`;
    const text = files.get(`pgmq--${step}.sql`);
    if (text === undefined) throw new Error(`pgmq's package has no upgrade script ${step}`);
    return text;
  });
  files.set("pgmq--1.5.1.sql", [BEFORE_1_1_1, ...upgrades].join("\n"));
  return files;
}

/** pgmq as a script, for a server on which the extension is not there to be created. */
export async function pgmqScript(): Promise<string> {
  const files = await extensionFiles();
  return files.get("pgmq--1.11.1.sql")!;
}
