import { deepEqual, equal, match, throws } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chooseDatabase } from "../../local/sql/address.ts";
import type { Stack } from "../../local/stack/mod.ts";
import { smallStack } from "./support.ts";

const SQL = fileURLToPath(new URL("../../local/sql.ts", import.meta.url));
let stack: Stack;
let folder: string;
Deno.test.beforeAll(async () => {
  stack = await smallStack();
  folder = await Deno.makeTempDir();
});
Deno.test.afterAll(async () => {
  await stack.close();
  await Deno.remove(folder, { recursive: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

async function sqlTask(
  parameters: string[],
  { input = "", place = ["--url", stack.databaseUrl] } = {},
): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", SQL, ...place, ...parameters],
    env: { INIT_CWD: folder, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("each statement's result is a table of its own", async () => {
  const { code, out } = await sqlTask(
    ["-c", "select 7 as number, 'Käse' as text, null as nothing; create table public.t (i int)"],
  );
  equal(code, 0);
  equal(
    out,
    " number | text | nothing\n--------+------+---------\n      7 | Käse | null\n(1 row)\n\nCREATE\n",
  );
});

Deno.test("control characters in a cell do not reach the terminal", async () => {
  const { out } = await sqlTask(["-c", "select E'a\\x1b[31mred\\x07\\nb' as text"]);
  equal(out, " text\n--------------\n a [31mred ↵b\n(1 row)\n");
});

Deno.test("nor do those of a heading, a notice or an error", async () => {
  const text = "x\x1b[31m\x9b2J\u202ey";
  for (
    const sql of [
      `select 1 as "${text}"`,
      `do $$ begin raise notice '${text}'; end $$`,
      `do $$ begin raise exception '${text}' using hint = '${text}'; end $$`,
    ]
  ) {
    const { out, err } = await sqlTask(["-c", sql]);
    // deno-lint-ignore no-control-regex -- none of those may occur
    equal(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(out + err), false, out + err);
    match(out + err, /x .*2J.*y/);
  }
});

Deno.test("a file, relative to the caller's folder, and standard input are run", async () => {
  await Deno.writeTextFile(`${folder}/two.sql`, "select 2 as two;");
  match((await sqlTask(["two.sql"])).out, /two[\s\S]*2/);
  match((await sqlTask([], { input: "select 3 as three;" })).out, /three[\s\S]*3/);
});

Deno.test("a file names the database, so that no argument has its password", async () => {
  await Deno.writeTextFile(`${folder}/.env.local`, `DATABASE_URL=${stack.databaseUrl}\n`);
  const place = ["--env-file", ".env.local"];
  match((await sqlTask(["-c", "select 4 as four"], { place })).out, /four[\s\S]*4/);
  await Deno.writeTextFile(`${folder}/empty.env`, "");
  const { code, err } = await sqlTask(["-c", "select 4"], { place: ["--env-file", "empty.env"] });
  equal(code, 2);
  match(err, /--env-file: empty\.env has no DATABASE_URL\./);
});

Deno.test("an error has a message and a position, and exits with 1", async () => {
  const { code, err } = await sqlTask([], { input: "select 1;\nselect wrong from pg_class;" });
  equal(code, 1);
  equal(
    err,
    `error 42703: column "wrong" does not exist
line 2: select wrong from pg_class;
               ^
`,
  );
});

Deno.test("a wrong call ends with 2 and says what was expected", async () => {
  const cases: Array<[string[], RegExp]> = [
    [["--frsh"], /no flag --frsh\. The flags: --command, --env-file, --url/],
    [["--url="], /--url: expected URL, and got nothing\./],
    [["nowhere.sql"], /no file nowhere\.sql/],
    [["-c"], /-c: expected SQL/],
    [[], /no SQL/],
  ];
  for (const [parameters, expected] of cases) {
    const { code, err } = await sqlTask(parameters);
    equal(code, 2);
    match(err, expected);
  }
});

Deno.test("an unreachable database is named", async () => {
  const { code, err } = await sqlTask(["-c", "select 1"], {
    place: ["--url", "postgresql://u@127.0.0.1:1/d"],
  });
  equal(code, 1);
  match(err, /127\.0\.0\.1:1/);
});

Deno.test("the local stack precedes an exported address, with a remark", () => {
  const local = "postgresql://postgres:secret@127.0.0.1:54322/postgres?sslmode=disable";
  const environment = "postgresql://me:secret@db.example.com/shop";
  deepEqual(chooseDatabase({ local }), { url: local });
  deepEqual(chooseDatabase({ local, environment: local }), { url: local });
  deepEqual(chooseDatabase({ environment }), {
    url: environment,
    remark: "at db.example.com:5432/shop",
  });
  const both = chooseDatabase({ local, environment });
  equal(both.url, local);
  match(both.remark!, /^at 127\.0\.0\.1:54322\/postgres, from \.env\.local/);
  equal(both.remark!.includes("secret"), false);
  equal(chooseDatabase({ named: environment, local }).url, environment);
  throws(() => chooseDatabase({}), /--env-file DIR\/\.env\.local/);
});
