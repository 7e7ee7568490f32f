import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { join } from "node:path";
import { postgresPrograms } from "../../local/database/programs.ts";
import { endOrphan, startServer } from "../../local/database/server.ts";
import {
  DatabaseUnusable,
  FolderInUse,
  PortInUse,
  type Stack,
  startStack,
} from "../../local/stack/mod.ts";
import { explain } from "../../local/start/failure.ts";
import { openPort } from "../../local/stack/ports.ts";
import { functionsOf, projectWith, send } from "./support.ts";

async function withFolders(use: (data: string, functionsRoot: string) => Promise<void>) {
  const data = await Deno.makeTempDir({ prefix: "data-" });
  const project = await projectWith({});
  try {
    await use(data, functionsOf(project));
  } finally {
    await Deno.remove(data, { recursive: true });
    await Deno.remove(project, { recursive: true });
  }
}

async function store(stack: Stack, text: string): Promise<string> {
  const path = "storyboard-images/kept.png";
  await send(`${stack.url}/storage/v1/object/${path}`, {
    method: "POST",
    body: text,
    headers: { apikey: stack.secretKey, "content-type": "image/png", "x-upsert": "true" },
  });
  return `/storage/v1/object/public/${path}`;
}

Deno.test("a restart keeps keys, rows and objects; a fresh one keeps the keys", () =>
  withFolders(async (dataDir, functionsRoot) => {
    const options = { dataDir, functionsRoot };
    const count = "select count(*)::int as n from public.generation_jobs";
    const first = await startStack(options);
    await first.sql("select pgmq.send('video_generation_queue', $1)", [{ storyboardId: "kept" }]);
    const path = await store(first, "kept");
    await first.close();

    const second = await startStack(options);
    deepEqual(
      [second.secretKey, second.publishableKey],
      [first.secretKey, first.publishableKey],
    );
    deepEqual(await second.sql(count), [{ n: 1 }]);
    equal((await send(second.url + path)).body, "kept");
    await second.close();

    const third = await startStack({ ...options, fresh: true });
    equal(third.secretKey, first.secretKey);
    deepEqual(await third.sql(count), [{ n: 0 }]);
    equal((await send(third.url + path)).status, 400);
    await third.close();
  }));

Deno.test("two stacks cannot use the same folder or port", () =>
  withFolders(async (dataDir, functionsRoot) => {
    const stack = await startStack({ dataDir, functionsRoot });
    await rejects(startStack({ dataDir, functionsRoot }), FolderInUse);
    const apiPort = Number(new URL(stack.url).port);
    await rejects(
      startStack({ port: apiPort, functionsRoot }),
      (error) => error instanceof PortInUse && error.port === apiPort,
    );
    const sqlPort = Number(new URL(stack.databaseUrl).port);
    await rejects(
      startStack({ sqlPort, functionsRoot }),
      (error) => error instanceof PortInUse && error.port === sqlPort,
    );
    await stack.close();
    const again = await startStack({ dataDir, functionsRoot, port: apiPort, sqlPort });
    await again.close();
  }));

Deno.test("a start stops an orphaned server, and ignores a stale postmaster.pid", () =>
  withFolders(async (dataDir, functionsRoot) => {
    const first = await startStack({ dataDir, functionsRoot });
    await first.sql("create table public.kept (id int)");
    await first.close();
    const data = join(dataDir, "postgres");
    const programs = await postgresPrograms(18);
    const orphan = await startServer({ programs, data });
    const second = await startStack({ dataDir, functionsRoot, sqlPort: orphan.port });
    deepEqual(await second.sql("select id from public.kept"), []);
    await second.close();
    await orphan.stop();

    // The id belongs to another process by now.
    await Deno.writeTextFile(join(data, "postmaster.pid"), `${Deno.pid}\n${data}\n`);
    const third = await startStack({ dataDir, functionsRoot });
    await third.close();
  }));

Deno.test("an orphaned server may end before it is stopped", async () => {
  const data = await Deno.makeTempDir({ prefix: "data-" });
  const orphan = new Deno.Command("sleep", { args: ["60"], cwd: data }).spawn();
  await Deno.writeTextFile(join(data, "postmaster.pid"), `${orphan.pid}\n`);
  await endOrphan(data, (pid) => {
    Deno.kill(pid, "SIGKILL");
    throw new Deno.errors.NotFound("no such process");
  });
  await orphan.status;
  await rejects(Deno.stat(join(data, "postmaster.pid")), Deno.errors.NotFound);
  await Deno.remove(data, { recursive: true });
});

Deno.test("an unusable database is named", () =>
  withFolders(async (dataDir, functionsRoot) => {
    const unusable = (message: RegExp) => (error: unknown) =>
      error instanceof DatabaseUnusable && message.test(error.message);
    const first = await startStack({ dataDir, functionsRoot });
    // What has a column less: the migrations are changed until the first release.
    await first.sql("alter table generation_jobs drop column choices");
    await first.close();
    equal((await Deno.stat(join(dataDir, "postgres"))).mode! & 0o777, 0o700);
    await rejects(startStack({ dataDir, functionsRoot }), (error) => {
      match(explain(error), /the data in \S+ are of another version: .*choices.*\n.* add --fresh/);
      return true;
    });
    await Deno.remove(join(dataDir, "keys.json"));
    await rejects(
      startStack({ dataDir, functionsRoot }),
      unusable(/the password in \S+keys\.json/),
    );
    // The data of an earlier stack, which ran on PGlite.
    await Deno.writeTextFile(join(dataDir, "postgres", "PG_VERSION"), "17\n");
    await rejects(
      startStack({ dataDir, functionsRoot }),
      unusable(/the database in \S+postgres is of PostgreSQL 17, and this is 18/),
    );
    const fresh = await startStack({ dataDir, functionsRoot, fresh: true });
    await fresh.close();
  }));

Deno.test("an unavailable port is named", () => {
  const fail = (error: Error) => () => {
    throw error;
  };
  throws(() => openPort(80, fail(new Deno.errors.PermissionDenied("os error 13"))), {
    name: "PortForbidden",
    message: /^port 80 is not for this user/,
  });
  throws(() => openPort(81, fail(new Deno.errors.AddrInUse("os error 98"))), {
    name: "PortInUse",
    message: "port 81 is in use (is another start running?)",
  });
});

Deno.test("a stack without a folder leaves nothing behind", () =>
  withFolders(async (_, functionsRoot) => {
    const stack = await startStack({ functionsRoot });
    await store(stack, "gone soon");
    await stack.close();
    await stack.close();
    await rejects(fetch(stack.url));
  }));
