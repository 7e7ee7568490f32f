/**
 * `deno task sql`: runs SQL against `DATABASE_URL` and prints the results. For those who have no
 * `psql`, and for scripts.
 */
import { resolve } from "node:path";
import pg from "pg";
import { ENV_LOCAL, readEnvFile } from "./env_file.ts";
import { explain, type SqlFailure } from "./sql/failure.ts";
import { show, type StatementResult } from "./sql/results.ts";

const USAGE = `Runs SQL and prints the results, one table per statement.

  deno task sql FILE             run the statements of a file
  deno task sql -c "select 1"    run these
  deno task sql < FILE           run what comes on standard input

The database is DATABASE_URL, from the environment or from .env.local, which a running
\`deno task start\` writes. All statements of one call are one transaction, unless they contain
begin and commit.

Exit code: 0 done, 1 the database refused, 2 called wrongly.`;

/** Ends with a line about what the caller has to change. */
function misuse(message: string): never {
  console.error(`${message}\nTry: deno task sql --help`);
  Deno.exit(2);
}

async function readSql(parameters: string[]): Promise<string> {
  const [first, ...rest] = parameters;
  if (first === "-c" || first === "--command") {
    if (rest.length !== 1) misuse(`${first} needs one text: the SQL to run`);
    return rest[0];
  }
  if (first?.startsWith("-") && first !== "-") misuse(`unknown option ${first}`);
  if (rest.length > 0) misuse(`one file at a time, not also ${rest.join(" ")}`);
  if (first === undefined || first === "-") {
    if (Deno.stdin.isTerminal()) misuse("no SQL: name a file or pass -c");
    return await new Response(Deno.stdin.readable).text();
  }
  // A task runs in the project's folder; the file is named from where the caller is.
  const file = resolve(Deno.env.get("INIT_CWD") ?? ".", first);
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    misuse(missing ? `there is no file ${first}` : `cannot read ${first}: ${error}`);
  }
}

async function databaseUrl(): Promise<string> {
  const url = Deno.env.get("DATABASE_URL") ??
    (await readEnvFile(ENV_LOCAL)).DATABASE_URL;
  if (!url) misuse("DATABASE_URL is not set, and no `deno task start` has written .env.local");
  if (!URL.canParse(url)) {
    misuse("DATABASE_URL is not a URL like postgresql://user:password@host/db");
  }
  return url;
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    // Values are shown as PostgreSQL writes them.
    types: { getTypeParser: () => (value: string) => value },
  });
  client.on("notice", ({ message }: { message?: string }) => console.error(`notice: ${message}`));
  try {
    await client.connect();
    return client;
  } catch (error) {
    const { hostname, port } = new URL(connectionString);
    const place = `${hostname}:${port || 5432}`;
    const refused = (error as { code?: string }).code === "ECONNREFUSED";
    const reason = refused ? "nothing listens there" : (error as Error).message;
    console.error(`cannot reach the database at ${place}: ${reason}`);
    if (refused) console.error("Is the stack running? Start it with: deno task start");
    Deno.exit(1);
  }
}

async function main(parameters: string[]): Promise<void> {
  if (parameters.includes("--help") || parameters.includes("-h")) return console.log(USAGE);
  const sql = await readSql(parameters);
  if (sql.trim() === "") misuse("no SQL: the input is empty");
  const client = await connect(await databaseUrl());
  try {
    const results = await client.query({ text: sql, rowMode: "array" });
    const all = (Array.isArray(results) ? results : [results]) as StatementResult[];
    console.log(all.map(show).join("\n\n"));
  } catch (error) {
    console.error(explain(error as SqlFailure, sql));
    Deno.exitCode = 1;
  } finally {
    await client.end();
  }
}

await main(Deno.args);
