import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { FolderInUse, PortInUse, type Stack, startStack } from "../../local/stack/mod.ts";
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
    const options = { dataDir, functionsRoot, sqlPort: false as const };
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

Deno.test("two stacks cannot have the same folder, or the same port", () =>
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

Deno.test("a port that cannot be had is named", () => {
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

Deno.test("without a folder nothing is left behind", () =>
  withFolders(async (_, functionsRoot) => {
    const stack = await startStack({ functionsRoot });
    await store(stack, "gone soon");
    await stack.close();
    await stack.close();
    await rejects(fetch(stack.url));
  }));
