/**
 * `deno task sql`: runs SQL against the local stack, or another database, and prints the results.
 * For those who have no `psql`, and for scripts.
 */
import { pathToFileURL } from "node:url";
import pg from "pg";
import { command, runCommand } from "../cli/command.ts";
import { UsageError } from "../cli/failure.ts";
import { plainLines } from "../cli/plain_lines.ts";
import { text } from "../cli/flag.ts";
import { fromCaller } from "./caller.ts";
import { ENV_LOCAL, readEnvFile } from "./env_file.ts";
import { chooseDatabase, placeOf } from "./sql/address.ts";
import { explain, type SqlFailure } from "./sql/failure.ts";
import { show, type StatementResult } from "./sql/results.ts";

const SQL = command({
  name: "",
  summary: "runs SQL and prints the results, one table per statement",
  args: {
    usage: "[FILE]",
    read: ([file, ...more]) => {
      if (more.length === 0) return file;
      throw new UsageError(`expected one file at a time, not also ${more.join(" ")}.`);
    },
  },
  flags: {
    command: { ...text("SQL", "run these statements; short: -c"), short: "c" },
    "env-file": text("FILE", "the file with DATABASE_URL, before .env.local"),
    url: text("URL", "the database, before everything else; all users of the machine see it"),
  },
  notes: `Without FILE and --command it runs what comes on standard input.

The database is the DATABASE_URL of .env.local, which \`deno task start\` writes;
without that file, the one of the environment, and then that is said. All
statements of one call are one transaction, unless they contain begin and commit.

Exit code: 0 done, 1 the database refused, 2 wrong usage.`,
  examples: ["FILE", '-c "select 1"', "< FILE"],
  check: (file, { command }) => {
    if (file !== undefined && command !== undefined) {
      throw new UsageError("expected a file or --command, not both.");
    }
  },
  run: async (file, { command, url, "env-file": envFile }) => {
    const sql = command ?? await readSql(file);
    if (sql.trim() === "") throw new UsageError("no SQL: the input is empty.");
    const address = await databaseUrl(url, envFile);
    return await runSql(sql, address);
  },
});

async function readSql(name: string | undefined): Promise<string> {
  if (name === undefined || name === "-") {
    if (Deno.stdin.isTerminal()) throw new UsageError("no SQL: name a file or pass --command.");
    return await new Response(Deno.stdin.readable).text();
  }
  const file = fromCaller(name);
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    throw new UsageError(missing ? `there is no file ${name}.` : `cannot read ${name}: ${error}`);
  }
}

async function databaseUrl(url?: string, envFile?: string): Promise<string> {
  const inFile = envFile === undefined
    ? undefined
    : (await readEnvFile(pathToFileURL(fromCaller(envFile)))).DATABASE_URL;
  if (envFile !== undefined && inFile === undefined) {
    throw new UsageError(`--env-file: ${envFile} has no DATABASE_URL.`);
  }
  const choice = chooseDatabase({
    named: url ?? inFile,
    local: (await readEnvFile(ENV_LOCAL)).DATABASE_URL,
    environment: Deno.env.get("DATABASE_URL"),
  });
  if (!URL.canParse(choice.url)) {
    throw new UsageError(
      "the database's address is not a URL like postgresql://user:password@host/db.",
    );
  }
  if (choice.remark) console.error(choice.remark);
  return choice.url;
}

/** The database's own words may have come from anywhere. */
function tell(text: string): void {
  console.error(plainLines(text));
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    // Values are shown as PostgreSQL writes them.
    types: { getTypeParser: () => (value: string) => value },
  });
  client.on("notice", ({ message }: { message?: string }) => tell(`notice: ${message}`));
  try {
    await client.connect();
    return client;
  } catch (error) {
    const refused = (error as { code?: string }).code === "ECONNREFUSED";
    const reason = refused ? "nothing listens there" : (error as Error).message;
    tell(`cannot reach the database at ${placeOf(connectionString)}: ${reason}`);
    if (refused) console.error("Is the stack running? Start it with: deno task start");
    Deno.exit(1);
  }
}

/** Answers the exit code. */
async function runSql(sql: string, url: string): Promise<number> {
  const client = await connect(url);
  try {
    const results = await client.query({ text: sql, rowMode: "array" });
    const all = (Array.isArray(results) ? results : [results]) as StatementResult[];
    console.log(plainLines(all.map(show).join("\n\n")));
    return 0;
  } catch (error) {
    tell(explain(error as SqlFailure, sql));
    return 1;
  } finally {
    await client.end();
  }
}

Deno.exitCode = await runCommand({ run: "deno task sql", command: SQL, args: Deno.args });
