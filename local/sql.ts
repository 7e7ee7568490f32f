/**
 * `deno task sql`: runs SQL against the local stack, or another database, and prints the results.
 * For those who have no `psql`, and for scripts.
 */
import { resolve } from "node:path";
import pg from "pg";
import { ENV_LOCAL, readEnvFile } from "./env_file.ts";
import { chooseDatabase, placeOf } from "./sql/address.ts";
import { explain, type SqlFailure } from "./sql/failure.ts";
import { show, type StatementResult } from "./sql/results.ts";

const USAGE = `Runs SQL and prints the results, one table per statement.

  deno task sql FILE             run the statements of a file
  deno task sql -c "select 1"    run these
  deno task sql < FILE           run what comes on standard input

  --url URL                      the database, before everything else

The database is the DATABASE_URL of .env.local, which \`deno task start\` writes; without that file,
the one of the environment, and then it is said which that is. All statements of one call are one
transaction, unless they contain begin and commit.

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

/** Takes `--url` and its value out of the parameters, wherever it stands. */
function takeUrl(parameters: string[]): { named?: string; rest: string[] } {
  const at = parameters.findIndex((parameter) => /^--url(=|$)/.test(parameter));
  if (at < 0) return { rest: parameters };
  const inline = parameters[at].startsWith("--url=");
  const named = inline ? parameters[at].slice("--url=".length) : parameters[at + 1];
  if (!named) misuse("--url needs an address like postgresql://user:password@host/db");
  return { named, rest: parameters.toSpliced(at, inline ? 1 : 2) };
}

async function databaseUrl(named: string | undefined): Promise<string> {
  const choice = chooseDatabase({
    named,
    local: (await readEnvFile(ENV_LOCAL)).DATABASE_URL,
    environment: Deno.env.get("DATABASE_URL"),
  });
  if (!choice) misuse("DATABASE_URL is not set, and no `deno task start` has written .env.local");
  if (!URL.canParse(choice.url)) {
    misuse("the database's address is not a URL like postgresql://user:password@host/db");
  }
  if (choice.remark) console.error(choice.remark);
  return choice.url;
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
    const refused = (error as { code?: string }).code === "ECONNREFUSED";
    const reason = refused ? "nothing listens there" : (error as Error).message;
    console.error(`cannot reach the database at ${placeOf(connectionString)}: ${reason}`);
    if (refused) console.error("Is the stack running? Start it with: deno task start");
    Deno.exit(1);
  }
}

async function main(parameters: string[]): Promise<void> {
  if (parameters.includes("--help") || parameters.includes("-h")) return console.log(USAGE);
  const { named, rest } = takeUrl(parameters);
  const sql = await readSql(rest);
  if (sql.trim() === "") misuse("no SQL: the input is empty");
  const client = await connect(await databaseUrl(named));
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
