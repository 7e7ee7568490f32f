/**
 * Runs pgTAP files and reads what they say.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { CRON } from "../../local/stack/schedule/cron.ts";
import { NET } from "../../local/stack/schedule/net.ts";
import { VAULT } from "../../local/stack/schedule/vault.ts";

/** What `supabase test db` runs on a real Supabase database. */
const SUPABASE_TESTS = new URL("../../supabase/tests/database/", import.meta.url);

/**
 * What replaces or drops the objects of pg_cron, pg_net, Vault or Storage. Their owner on Supabase
 * refuses that, so these files need the stand-ins and `supabase test db` never runs them.
 */
const STAND_IN_TESTS = new URL("./stand_ins/", import.meta.url);

/** A pgTAP file. */
export interface PgtapFile {
  name: string;
  url: URL;
}

/** Runs a text of several statements; the rows of each, in order. */
export type RunScript = (sql: string) => Promise<Record<string, unknown>[][]>;

/** Stand-ins for the extensions of a hosted project that the schedule is made of. */
export const EXTENSIONS = VAULT + NET + CRON;

/** pgTAP in a schema of its own, as `supabase test db` has it. */
export const PGTAP = `
create schema if not exists extensions;
create extension if not exists pgtap with schema extensions;
`;

/** The pgTAP files, by name. */
export function pgtapFiles(): PgtapFile[] {
  return [...filesIn(SUPABASE_TESTS), ...filesIn(STAND_IN_TESTS)]
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The pgTAP files that `supabase test db` runs, by name. */
export function supabaseTestFiles(): PgtapFile[] {
  return filesIn(SUPABASE_TESTS);
}

function filesIn(folder: URL): PgtapFile[] {
  return [...Deno.readDirSync(folder)]
    .filter((entry) => entry.name.endsWith(".test.sql"))
    .map(({ name }) => ({ name, url: new URL(name, folder) }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Runs one file and fails with the TAP lines of what is not ok, or of a plan that was not kept. */
export async function runPgtapFile({ name, url }: PgtapFile, run: RunScript): Promise<void> {
  const text = await Deno.readTextFile(url);
  const results = await run(`set search_path = public, extensions;\n${text}`);
  const lines = results.flat().flatMap(Object.values)
    .filter((value) => typeof value === "string")
    .flatMap((value) => value.split("\n"));

  const problems = tapProblems(lines);
  assert.equal(problems.length, 0, `${name}\n${problems.join("\n")}`);
}

/** Runs scripts in a session, which is out of its transaction after an error. */
export function onPostgres(session: Sql): RunScript {
  return async (sql) => {
    const results = await session.unsafe(sql).simple().catch(async (error) => {
      await session.unsafe("rollback");
      throw error;
    });
    return results as unknown as Record<string, unknown>[][];
  };
}

/** The lines of a TAP stream that tell of a failure; empty when all went well. */
export function tapProblems(lines: string[]): string[] {
  const results = lines.filter((line) => /^(not )?ok \d+/.test(line));
  const planned = lines.map((line) => line.match(/^1\.\.(\d+)$/)?.[1]).find(Boolean);
  const failed = lines.some((line) => /^not ok/.test(line));
  const problems = failed ? lines.filter((line) => /^(not ok|\s*#)/.test(line)) : [];
  if (planned === undefined) problems.push("the file announces no plan");
  else if (results.length !== Number(planned)) {
    problems.push(`planned ${planned} assertions, ran ${results.length}`);
  }
  return problems;
}
