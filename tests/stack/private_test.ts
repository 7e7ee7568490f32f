/** That nothing in a stack leaves its folder, and no other user of the machine reads or writes it. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import pg from "pg";
import { explain } from "../../local/start/failure.ts";
import { writePrivateFile } from "../../local/private_file.ts";
import { Closing } from "../../local/stack/closing.ts";
import { clearFolder, openFolder } from "../../local/stack/folder.ts";
import { loadKeys } from "../../local/stack/keys.ts";
import { FolderUnusable, type Stack } from "../../local/stack/mod.ts";
import { postJson, send, smallStack } from "./support.ts";

let folder: string;
let stack: Stack;
Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "private-" });
  // As an earlier version may have left them.
  await Deno.mkdir(join(folder, "data"), { mode: 0o755 });
  await Deno.writeTextFile(join(folder, "data", "keys.json"), "{}", { mode: 0o644 });
  stack = await smallStack({ dataDir: join(folder, "data"), tick: true });
});
Deno.test.afterAll(async () => {
  await stack.close();
  await Deno.remove(folder, { recursive: true });
});

async function* entriesOf(path: string): AsyncGenerator<[string, Deno.FileInfo]> {
  yield [path, await Deno.lstat(path)];
  if (!(await Deno.lstat(path)).isDirectory) return;
  for await (const { name } of Deno.readDir(path)) yield* entriesOf(join(path, name));
}

const upload = (path: string, body = "gold") =>
  send(`${stack.url}/storage/v1/object/${path}`, {
    method: "POST",
    headers: { apikey: stack.secretKey, "content-type": "text/plain" },
    body,
  });

const download = (path: string) =>
  send(`${stack.url}/storage/v1/object/${path}`, { headers: { apikey: stack.secretKey } });

const ask = (route: string, body: unknown) =>
  postJson(`${stack.url}/storage/v1/object/${route}`, body, { apikey: stack.secretKey });

Deno.test("no other user reads or writes a file of the data", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await stack.sql("insert into storage.buckets (id, name) values ('vault', 'vault')");
  equal((await upload("vault/a/b.txt")).status, 200);
  const seen = [];
  for await (const [path, { mode }] of entriesOf(join(folder, "data"))) {
    seen.push(path);
    equal(mode! & 0o077, 0, `${path}: ${mode!.toString(8)}`);
  }
  for (const part of ["keys.json", "lock", "PG_VERSION", "b.txt"]) {
    ok(seen.some((path) => path.endsWith(part)), part);
  }
});

Deno.test("a folder with other things in it keeps its mode, and the data in it is private", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const shared = join(folder, "shared");
  await Deno.mkdir(shared);
  await Deno.chmod(shared, 0o777);
  await Deno.writeTextFile(join(shared, "of-others"), "");
  const closing = new Closing();
  try {
    const { keys } = await openFolder(shared, closing);
    await loadKeys(keys);
    await Deno.mkdir(join(shared, "objects"));
  } finally {
    await closing.close();
  }
  const modes = ["", "keys.json", "lock", "objects"].map(async (name) =>
    ((await Deno.stat(join(shared, name))).mode! & 0o777).toString(8)
  );
  deepEqual(await Promise.all(modes), ["777", "600", "600", "700"]);
  await Deno.remove(shared, { recursive: true });
});

Deno.test("a file with keys is replaced, and a link with its name is not followed", async () => {
  const [path, other] = [join(folder, "file"), join(folder, "other")];
  await Deno.writeTextFile(other, "untouched", { mode: 0o644 });
  await Deno.symlink(other, path);
  await writePrivateFile(path, "key");
  equal(await Deno.readTextFile(path), "key");
  equal(await Deno.readTextFile(other), "untouched");
  if (Deno.build.os !== "windows") equal((await Deno.lstat(path)).mode! & 0o777, 0o600);
});

Deno.test("the database listens on the loopback alone, and asks every role for its password", async () => {
  const [{ listen_addresses }] = await stack.sql<Record<string, string>>("show listen_addresses");
  const [{ unix_socket_directories }] = await stack.sql<Record<string, string>>(
    "show unix_socket_directories",
  );
  deepEqual([listen_addresses, unix_socket_directories], ["127.0.0.1", ""]);
  for (const user of ["postgres", "supabase_admin", "service_role"]) {
    for (const password of ["", "postgres", user]) {
      const url = new URL(stack.databaseUrl);
      Object.assign(url, { username: user, password });
      const client = new pg.Client({ connectionString: url.href });
      client.on("error", () => {});
      await rejects(client.connect(), /password|not permitted to log in/, `${user}:${password}`);
      await client.end().catch(() => {});
    }
  }
});

Deno.test("SQL neither reaches files and programs nor becomes a superuser's", async () => {
  const outside = join(folder, "outside");
  for (
    const statement of [
      `copy (select 1) to '${outside}'`,
      `copy (select 1) to program 'touch ${outside}'`,
      "create table stolen (line text); copy stolen from '/etc/passwd'",
      "create table run (line text); copy run from program 'id'",
      "select pg_read_file('/etc/passwd')",
      "select pg_read_binary_file('PG_VERSION')",
      "select pg_ls_dir('/')",
      `select lo_export(lo_create(0), '${outside}')`,
      "select lo_import('/etc/passwd')",
      "create extension file_fdw",
      "create extension adminpack",
      "create extension plpython3u",
      "create function f() returns void language c as '/lib/x86_64-linux-gnu/libc.so.6', 'abort'",
      "load '/tmp/x.so'",
      "alter system set archive_command = 'id'",
      `set log_directory = '${folder}'`,
      "set role supabase_admin",
      "set session authorization supabase_admin",
      "alter role postgres superuser",
      "create role admin superuser login",
      "grant supabase_admin to postgres",
      "grant pg_execute_server_program to postgres",
      "grant pg_write_server_files to postgres",
      "alter role supabase_admin password 'x'",
      "create event trigger e on ddl_command_end execute function extensions.pgrst_ddl_watch()",
    ]
  ) {
    const client = new pg.Client({ connectionString: stack.databaseUrl });
    await client.connect();
    try {
      await rejects(client.query(statement), (error: { code?: string; message: string }) => {
        const codes = ["42501", "0A000", "58P01", "22023", "55P02"];
        ok(codes.includes(error.code!), `${statement}: ${error.code} ${error.message}`);
        return true;
      }, statement);
    } finally {
      await client.end();
    }
  }
  await rejects(Deno.stat(outside), Deno.errors.NotFound);
  // What the schedule runs is SQL of the same owner.
  const [{ owner }] = await stack.sql<{ owner: string }>("select current_user as owner");
  equal(owner, "postgres");
  const supers = await stack.sql("select rolname from pg_roles where rolsuper order by 1");
  deepEqual(supers, [{ rolname: "supabase_admin" }]);
  await stack.sql(
    `select cron.schedule('leave', '1 seconds', $$copy (select 1) to '${outside}'$$)`,
  );
  const details = `select return_message from cron.job_run_details join cron.job using (jobid)
    where jobname = 'leave'`;
  let runs: { return_message: string }[] = [];
  while (runs.length === 0) runs = await stack.sql(details);
  await stack.sql("select cron.unschedule('leave')");
  match(runs[0].return_message, /permission denied/);
});

Deno.test("no bucket id and no name of an object leaves the folder", async () => {
  const target = join(folder, "outside.txt");
  await Deno.writeTextFile(target, "outside");
  await stack.sql("insert into storage.buckets (id, name, public) values ('open', 'open', true)");
  equal((await upload("open/x.txt")).status, 200);
  const climbing = ["..", "../..", "../../outside", `${folder}/x`, ".", ".incoming", "a/b", "a\\b"];
  for (const id of climbing) {
    await stack.sql("insert into storage.buckets (id, name, public) values ($1, $1, true)", [id]);
    const body = {
      bucketId: "open",
      sourceKey: "x.txt",
      destinationBucket: id,
      destinationKey: "y",
    };
    equal((await ask("copy", body)).body.code, "InvalidKey", id);
    // `URL` takes a path of dots alone for a way up.
    if (/^\.*$/.test(id)) continue;
    equal((await upload(`${encodeURIComponent(id)}/x.txt`)).body.code, "InvalidKey", id);
  }
  for (const name of ["..", "a/..", "../../../outside.txt", "/", "a/../../x", ".", "a\\..\\x"]) {
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata)
       select 'open', $1, metadata from storage.objects where name = 'x.txt'`,
      [name],
    );
    for (const way of ["open", "public/open", "authenticated/open"]) {
      const { status, body } = await download(`${way}/${encodeURIComponent(name)}`);
      ok(status >= 400, `${way} ${name}: ${status} ${JSON.stringify(body)}`);
    }
    for (const route of ["copy", "move"]) {
      for (const [sourceKey, destinationKey] of [[name, `${route}.txt`], ["x.txt", name]]) {
        const { status } = await ask(route, { bucketId: "open", sourceKey, destinationKey });
        ok(status >= 400, `${route} ${sourceKey} ${destinationKey}: ${status}`);
      }
    }
  }
  equal((await download("open/x.txt")).body, "gold");
  equal(await Deno.readTextFile(target), "outside");
  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  deepEqual(left, ["data", "file", "other", "outside.txt"]);
});

Deno.test("a symbolic link among the objects is not followed out of the folder", async () => {
  const objects = join(folder, "data", "objects", "open");
  await Deno.symlink(folder, join(objects, "out~"));
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata)
     select 'open', 'out/outside.txt', metadata from storage.objects where name = 'x.txt'`,
  );
  ok((await download("public/open/out/outside.txt")).status >= 400);
  ok((await upload("open/out/new.txt")).status >= 400);
  await rejects(Deno.stat(join(folder, "new.txt")), Deno.errors.NotFound);
});

Deno.test("--fresh clears the data of a stack, and of nothing else", async () => {
  const other = join(folder, "data-of-others");
  await Deno.mkdir(join(other, "logs"), { recursive: true });
  await rejects(clearFolder(other), /no keys of a stack, so its logs/);
  ok((await Deno.stat(join(other, "logs"))).isDirectory);
  await Deno.writeTextFile(join(other, "keys.json"), '{"secretKey":"sb_secret_x"}');
  await clearFolder(other);
  deepEqual([...Deno.readDirSync(other)].map(({ name }) => name), ["keys.json"]);
});

Deno.test("a folder that cannot hold the data is named, without a stack trace", async () => {
  const file = join(folder, "a-file");
  await Deno.writeTextFile(file, "");
  for (const path of [file, join(file, "below"), "/proc/nothing/here"]) {
    const error = await smallStack({ dataDir: path }).then((it) => it.close(), (error) => error);
    ok(error instanceof FolderUnusable, String(error));
    const text = explain(error);
    ok(text.startsWith(`${path} cannot hold the data: `), text);
    equal(text.split("\n").length, 1, text);
  }
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  equal(explain(full), "No space left on device (os error 28)");
});
