/** The console as it is served: what it gives to whom. What the page does is tested in a browser. */
import assert from "node:assert/strict";
import { pageFiles } from "../../local/console/files.ts";
import { refuseOtherUser, usersOf } from "../../local/console/machine_user.ts";
import { passRealtimeOn, REALTIME } from "../../local/console/realtime.ts";
import { ConsoleSite } from "../../local/console/site.ts";
import { route, type Services } from "../../local/stack/api.ts";
import { endless } from "../support/endless.ts";
import { eventually } from "../support/eventually.ts";
import { serve } from "../support/loopback.ts";
import { send, smallStack } from "./support.ts";

const KEY = "sb_secret_of_the_console";
const OWN = { "sec-fetch-site": "same-origin" };
const refuseNone = () => Promise.resolve(undefined);
const CONNECTION = { client: { hostname: "127.0.0.1", port: 0xff }, server: 0xd431 };

/** A console for a project that answers with what it was asked. */
function consoleOf(answer = (_: Request) => Response.json({})) {
  const asked: Request[] = [];
  const site = new ConsoleSite({
    url: "https://project.test",
    key: KEY,
    publicUrl: "http://assets.test/under",
    send: (request) => {
      asked.push(request);
      return Promise.resolve(answer(request));
    },
  }, refuseNone);
  const ask = (path: string, init: RequestInit = {}, origin = "http://127.0.0.1:54380") =>
    site.handle(new Request(origin + path, init), CONNECTION);
  return { asked, ask };
}

Deno.test("the stack has the console at /, and what else it had", async () => {
  await using stack = await disposable();
  const page = await send(`${stack.url}/`);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  const settings = await send(`${stack.url}/console.json`, { headers: OWN });
  assert.deepEqual(settings.body, {
    url: `${stack.url}/project`,
    proxied: true,
    project: stack.url,
  });
  await stack.sql(
    `select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "A mill"}')`,
  );
  const jobs = await send(`${settings.body.url}/rest/v1/generation_jobs?select=prompt`, {
    headers: { ...OWN, "user-agent": "Mozilla/5.0 a browser" },
  });
  assert.deepEqual(jobs.body, [{ prompt: "A mill" }]);
  const called = await send(`${settings.body.url}/rest/v1/rpc/generation_metrics`, {
    method: "POST",
    headers: { ...OWN, "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(called.body.length, 2);

  const keyless = await send(`${stack.url}/rest/v1/generation_jobs`);
  assert.ok(keyless.status >= 400, "without the console a key is needed as before");
  for (const path of ["/nothing", "/auth/v1/token", "/console", "/favicon.ico"]) {
    const { status, body } = await send(stack.url + path);
    assert.deepEqual([status, body.message], [404, "no Route matched with those values"]);
  }
});

async function disposable() {
  const stack = await smallStack();
  return Object.assign(stack, { [Symbol.asyncDispose]: () => stack.close() });
}

Deno.test("every file that the page refers to is there", async () => {
  const files = await pageFiles();
  for (const path of ["index.html", "main.js", "core/generation_queue.js"]) {
    assert.ok(files.has(path), path);
  }
  const { ask } = consoleOf();
  for (const [path, { type }] of files) {
    const reply = await ask(`/${path}`);
    assert.equal(reply?.headers.get("content-type"), type);
  }
});

Deno.test("no other file is", async () => {
  const { ask } = consoleOf();
  for (
    const path of [
      ...["/deno.json", "/.env", "/.env.local", "/..%2f.env", "/%2e%2e/.env", "/core/build.json"],
      ...["/core/..%2fdeno.json", "/core/%2e%2e/%2e%2e/deno.json", "/model/types.d.ts", "/core/"],
      ...["/vendor/lit-html/package.json", "/vendor/lit-html/node_modules/x.js", "/vendor/x/y.js"],
      ...["/style", "/style/", "/index.html/x.js", "//index.html", "/\\index.html", "/main.js%00"],
    ]
  ) assert.equal(await ask(path), undefined, path);
});

Deno.test("files are compressed, and not sent again while they are the same", async () => {
  const { ask } = consoleOf();
  const plain = (await ask("/main.js"))!;
  const text = await plain.text();
  const etag = plain.headers.get("etag")!;
  const zipped = (await ask("/main.js", { headers: { "accept-encoding": "br, gzip" } }))!;
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.equal(zipped.headers.get("vary"), "accept-encoding");
  const unzipped = zipped.body!.pipeThrough(new DecompressionStream("gzip"));
  assert.equal(await new Response(unzipped).text(), text);
  const same = (await ask("/main.js", { headers: { "if-none-match": etag } }))!;
  assert.deepEqual([same.status, await same.text()], [304, ""]);
  assert.equal(same.headers.get("cache-control"), "no-cache");
  assert.equal((await ask("/main.js", { method: "POST" }))!.status, 405);
});

Deno.test("the page may load itself, and images and videos", async () => {
  const { ask } = consoleOf();
  const settings = await (await ask("/console.json", { headers: OWN }))!.json();
  assert.equal(settings.project, "http://assets.test/under");
  const { headers } = (await ask("/"))!;
  assert.deepEqual(headers.get("content-security-policy")?.split("; "), [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: https: https://project.test http://assets.test",
    "media-src 'self' data: https: https://project.test http://assets.test",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("x-frame-options"), "DENY");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
});

Deno.test("a name that leads here is refused", async () => {
  const { ask, asked } = consoleOf();
  for (
    const origin of ["http://rebound.example:54380", "http://127.0.0.1.example", "http://10.0.0.7"]
  ) {
    for (const path of ["/", "/console.json", "/project/rest/v1/generation_jobs"]) {
      const reply = (await ask(path, { headers: OWN }, origin))!;
      assert.equal(reply.status, 421, origin + path);
    }
  }
  for (const origin of ["http://localhost:54380", "http://[::1]:54380"]) {
    assert.equal((await ask("/console.json", { headers: OWN }, origin))!.status, 200);
  }
  assert.equal(asked.length, 0);
});

Deno.test("other pages, and what does not say that it is the page, reach no project", async () => {
  const { ask, asked } = consoleOf();
  const strangers: HeadersInit[] = [
    {},
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { ...OWN, origin: "https://evil.example" },
    { ...OWN, origin: "http://127.0.0.1:9999" },
    { ...OWN, origin: "null" },
  ];
  for (const headers of strangers) {
    for (const path of ["/console.json", "/project/rest/v1/generation_jobs"]) {
      const reply = (await ask(path, { headers }))!;
      assert.equal(reply.status, 403);
      assert.equal(reply.headers.get("access-control-allow-origin"), null);
    }
  }
  assert.equal(asked.length, 0);
});

Deno.test("a request is passed on with the key, and nothing else of the browser", async () => {
  const { ask, asked } = consoleOf(() =>
    Response.json([{ id: 1 }], {
      status: 201,
      headers: {
        "content-range": "0-0/1",
        "access-control-allow-origin": "*",
        "set-cookie": "session=1",
      },
    })
  );
  const reply = (await ask("/project/rest/v1/jobs?select=id&order=id.asc", {
    method: "PATCH",
    headers: {
      ...OWN,
      cookie: "a=1",
      "content-type": "application/json",
      prefer: "return=minimal",
      "user-agent": "Mozilla/5.0",
      authorization: "Bearer stale",
    },
    body: '{"a":1}',
  }))!;
  const [request] = asked;
  assert.equal(request.url, "https://project.test/rest/v1/jobs?select=id&order=id.asc");
  assert.deepEqual(Object.fromEntries(request.headers), {
    apikey: KEY,
    "content-type": "application/json",
    prefer: "return=minimal",
    "user-agent": "generation-queue (console)",
  });
  assert.deepEqual([request.method, await request.text()], ["PATCH", '{"a":1}']);
  assert.equal(reply.status, 201);
  assert.deepEqual(await reply.json(), [{ id: 1 }]);
  assert.equal(reply.headers.get("content-range"), "0-0/1");
  assert.equal(reply.headers.get("access-control-allow-origin"), null);
  assert.equal(reply.headers.get("set-cookie"), null);
  // What is stored in the project may be a page: it must not run as the console's.
  assert.match(reply.headers.get("content-security-policy")!, /default-src 'none'.*sandbox/);
  assert.equal(reply.headers.get("cache-control"), "no-store");
});

Deno.test("the project is reached by its services alone", async () => {
  const { ask, asked } = consoleOf();
  for (
    const path of [
      ...["/auth/v1/admin/users", "/rest/v1", "//rest/v1/x", "/x", "/pg/rest/v1/", "/"],
      ...["/rest/v1/%2e%2e%2fauth/v1/admin", "/rest/v1/..%2Fx", "/storage/v1/a%5C..%5Cx"],
    ]
  ) {
    assert.equal((await ask(`/project${path}`, { headers: OWN }))!.status, 404, path);
  }
  const options = await ask("/project/rest/v1/x", { method: "OPTIONS", headers: OWN });
  assert.equal(options!.status, 405);
  assert.equal(asked.length, 0);
});

Deno.test("a request without an end reaches no project", async () => {
  const { ask, asked } = consoleOf();
  const init = { method: "POST", headers: OWN, body: endless().body };
  const reply = (await ask("/project/storage/v1/object/b/a.png", init))!;
  assert.deepEqual([reply.status, (await reply.json()).message], [
    413,
    "the body has more than 50 MB",
  ]);
  assert.equal(asked.length, 0);
});

Deno.test("a project that cannot be reached is a 502 that says so", async () => {
  const { ask } = consoleOf(() => {
    throw new TypeError("connection refused");
  });
  const reply = (await ask("/project/rest/v1/x", { headers: OWN }))!;
  assert.equal(reply.status, 502);
  assert.deepEqual(await reply.json(), {
    message: "https://project.test cannot be reached: connection refused",
  });
});

Deno.test("nothing that is served holds the key", async () => {
  const { ask } = consoleOf();
  for (const path of ["console.json", ...(await pageFiles()).keys()]) {
    const reply = (await ask(`/${path}`, { headers: OWN }))!;
    const said = JSON.stringify([...reply.headers]) + await reply.text();
    assert.equal(said.includes(KEY), false, path);
  }
});

/** What a process says first. */
async function firstLine(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let said = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("\n")) break;
  }
  return said.split("\n")[0];
}

Deno.test("deno task console", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "console-" });
  const file = `${folder}/own.env`;
  const run = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "local/console.ts", ...args],
      env: { SUPABASE_URL: "", SUPABASE_SECRET_KEY: "", INIT_CWD: folder },
      stdout: "piped",
      stderr: "piped",
    });
  const fails = async (args: string[], code: number, message: RegExp) => {
    const output = await run(...args).output();
    const said = new TextDecoder().decode(output.stderr);
    assert.equal(output.code, code, said);
    assert.match(said, message);
    assert.equal(said.includes(KEY), false);
  };
  await using project = serve((request) => Response.json({ key: request.headers.get("apikey") }));

  try {
    await test.step("says what is missing", async () => {
      await fails(
        ["--env-file", "own.env"],
        2,
        /own\.env is missing or empty\. Copy \.env\.example/,
      );
      await fails([], 2, /SUPABASE_URL is not set/);
      await Deno.writeTextFile(file, `SUPABASE_URL=${project.url}\n`);
      await fails(["--env-file", "own.env"], 2, /SUPABASE_SECRET_KEY is not set/);
      await fails(["--port", "65536"], 2, /--port: expected a whole number from 0 to 65535/);
    });

    await test.step("says that its port is taken", async () => {
      await Deno.writeTextFile(file, `SUPABASE_URL=${project.url}\nSUPABASE_SECRET_KEY=${KEY}\n`);
      const { port } = new URL(project.url);
      await fails(["--env-file", "own.env", "--port", port], 1, /port \d+ is in use.*--port N/);
    });

    await test.step("serves the console of the project", async () => {
      await using child = run("--env-file", "own.env", "--port", "0").spawn();
      const [, of, url] = (await firstLine(child.stdout)).match(
        /^The console of (.*) is at (.*)\/$/,
      )!;
      assert.equal(of, project.url);
      const { body } = await send(`${url}/console.json`, { headers: OWN });
      const reply = await send(`${body.url}/rest/v1/jobs`, { headers: OWN });
      assert.equal(reply.body.key, KEY);
      assert.equal((await send(`${url}/rest/v1/jobs`, { headers: OWN })).status, 404);
    });

    await test.step("writes the page for a static host", async () => {
      const { success } = await run("--out", "public").output();
      assert.ok(success);
      const page = await Deno.readTextFile(`${folder}/public/index.html`);
      assert.match(page, /main\.js/);
      await Deno.stat(`${folder}/public/core/generation_queue.js`);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("nothing that the stack's services answer runs a script in the console's origin", async () => {
  const answer = () => Promise.resolve(new Response("<svg/>"));
  const services = {
    keys: {},
    lite: { fetch: answer },
    storage: { handle: answer },
    functions: { handle: answer },
  } as unknown as Services;
  for (const service of ["rest", "storage", "functions"]) {
    const { headers } = await route(new Request(`http://127.0.0.1/${service}/v1/x`), services);
    assert.equal(headers.get("content-security-policy"), "sandbox", service);
  }
});

Deno.test("Realtime is passed on with the key, to the page alone", async () => {
  const asked: string[] = [];
  await using project = serve((request) => {
    asked.push(request.url);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => data === "end" ? socket.close() : socket.send(`heard ${data}`);
    return response;
  });
  const of = { url: project.url, key: KEY, realtime: true, send: fetch };
  const site = new ConsoleSite(of, refuseNone);
  await using server = serve(async (request) => (await site.handle(request, CONNECTION))!);
  const path = "/project/realtime/v1/websocket?vsn=1.0.0";
  const settings = await send(`${server.url}/console.json`, { headers: OWN });
  assert.equal(settings.body.realtime, true);

  for (const headers of [{}, { origin: "https://evil.example" }] as HeadersInit[]) {
    assert.equal((await send(server.url + path, { headers })).status, 403);
  }
  assert.equal((await send(server.url + path, { headers: { origin: server.url } })).status, 426);
  assert.deepEqual(asked, []);

  // As the types of a browser have it, no header can be given.
  const options = { headers: { origin: server.url } } as unknown as string[];
  const page = new WebSocket(server.url.replace("http", "ws") + path, options);
  const heard = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  page.onopen = () => page.send("join");
  page.onmessage = ({ data }) => heard.resolve(data);
  page.onclose = () => closed.resolve();
  assert.equal(await heard.promise, "heard join");
  assert.deepEqual(asked, [`${project.url}/realtime/v1/websocket?vsn=1.0.0&apikey=${KEY}`]);
  page.send("end");
  await closed.promise;
});

Deno.test("a page that says more than a little before the project answers is let go", async () => {
  const answered = Promise.withResolvers<Response>();
  await using project = serve(() => answered.promise);
  const of = { url: project.url, key: KEY, send: fetch };
  await using server = serve((request) => passRealtimeOn(request, REALTIME, of));
  const page = new WebSocket(server.url.replace("http", "ws"));
  page.onopen = () => ["a little", "a".repeat(70_000)].forEach((text) => page.send(text));
  try {
    await eventually("it is let go", () => page.readyState === WebSocket.CLOSED, 10);
  } finally {
    answered.resolve(new Response(null, { status: 503 }));
  }
});

Deno.test("a program of another user of the machine is refused", async () => {
  const line = (local: string, remote: string, state: string, user: number) =>
    `   7: 0100007F:${local} 0100007F:${remote} ${state} 00000000:00000000 00:00000000 00000000  ${user}  0 1`;
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
    line("00FF", "D431", "01", 1001),
    line("D431", "00FF", "01", 1000), // the server's side of it
    line("00FF", "D431", "06", 0), // ended, from another address
    line("00FE", "D431", "01", 1002),
    line("00FF", "D431", "01", 1003).replace("0100007F", "0200007F"), // the same port of 127.0.0.2
  ].join("\n");
  assert.deepEqual(usersOf(table, CONNECTION), [1001]);

  await using stack = await disposable();
  const ask = async (path: string, uid?: number) => {
    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "-H", "sec-fetch-site: same-origin", stack.url + path],
      uid,
    }).output();
    return new TextDecoder().decode(stdout);
  };
  for (const path of ["/project/rest/v1/", "/console.json"]) {
    assert.doesNotMatch(await ask(path), /Only the user/);
    // Only root can take another user's place.
    if (Deno.uid() === 0) assert.match(await ask(path, 65534), /Only the user who started/);
  }
});

Deno.test("a program that has ended its side of the connection is refused", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const refused = async (end: (client: Deno.TcpConn) => unknown) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    using server = await listener.accept();
    await end(client);
    return await refuseOtherUser({ client: server.remoteAddr as Deno.NetAddr, server: port });
  };
  assert.equal(await refused(() => {}), undefined);
  assert.equal((await refused((client) => client.closeWrite()))?.status, 403);
});
