import { deepEqual, equal, match } from "node:assert/strict";
import type { DenoVersion } from "../../local/stack/functions/deno_binary.ts";
import { type Stack, startStack } from "../../local/stack/mod.ts";
import { functionsOf, projectWith, send } from "./support.ts";

const FUNCTIONS = {
  echo: `export default {
    async fetch(request) {
      console.log("seen " + request.method);
      return Response.json({
        deno: Deno.version.deno,
        environment: Deno.env.toObject(),
        path: new URL(request.url).pathname + new URL(request.url).search,
        method: request.method,
        header: request.headers.get("x-test"),
        body: await request.text(),
      }, { status: 207 });
    },
  };`,
  served: `Deno.serve(() => new Response("by Deno.serve"));`,
  broken: `throw new Error("cannot load");`,
  mortal: `let calls = 0;
    export default {
      fetch(request) {
        if (request.method === "DELETE") Deno.exit(3);
        return new Response(String(++calls));
      },
    };`,
  lasting: `addEventListener("beforeunload", (event) => {
      console.log("reason " + event.detail.reason);
      finish("given back");
    });
    let finish;
    export default {
      fetch() {
        EdgeRuntime.waitUntil(
          new Promise((resolve) => finish = resolve).then((word) => console.log(word)),
        );
        return new Response(null, { status: 202 });
      },
    };`,
};

const VERSIONS: DenoVersion[] = ["current", "2.1.4"];
const stacks = new Map<DenoVersion, Stack>();
let project: string;
Deno.test.beforeAll(async () => {
  project = await projectWith(FUNCTIONS);
  for (const denoVersion of VERSIONS) {
    const functionsRoot = functionsOf(project);
    const env = { GOOGLE_GENERATIVE_AI_API_KEY: "a key", IMAGE_MODELS: "one,two" };
    stacks.set(denoVersion, await startStack({ denoVersion, functionsRoot, env }));
  }
});
Deno.test.afterAll(async () => {
  for (const stack of stacks.values()) await stack.close();
  await Deno.remove(project, { recursive: true });
});

for (const version of VERSIONS) {
  const stackOf = () => stacks.get(version)!;

  Deno.test(`Deno ${version}: a request and its response pass unchanged`, async () => {
    const stack = stackOf();
    const { status, body } = await send(`${stack.url}/functions/v1/echo/more?a=1`, {
      method: "PUT",
      body: "hello",
      headers: { "x-test": "yes" },
    });
    equal(status, 207);
    deepEqual(
      [body.path, body.method, body.header, body.body],
      ["/echo/more?a=1", "PUT", "yes", "hello"],
    );
    if (version !== "current") equal(body.deno, version);
    deepEqual(stack.functionLogs("echo"), ["seen PUT"]);
  });

  Deno.test(`Deno ${version}: a function sees what Supabase injects and the secrets`, async () => {
    const stack = stackOf();
    const { body } = await send(`${stack.url}/functions/v1/echo`, { method: "POST" });
    deepEqual(body.environment, {
      SUPABASE_URL: stack.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.secretKey }),
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: stack.publishableKey }),
      SB_REGION: "local",
      GOOGLE_GENERATIVE_AI_API_KEY: "a key",
      IMAGE_MODELS: "one,two",
    });
  });

  Deno.test(`Deno ${version}: a function may call Deno.serve`, async () => {
    equal((await send(`${stackOf().url}/functions/v1/served`)).body, "by Deno.serve");
  });

  Deno.test(`Deno ${version}: a function that does not load is reported, the rest runs`, async () => {
    const stack = stackOf();
    deepEqual(stack.brokenFunctions, ["broken"]);
    match(stack.functionLogs("broken").join("\n"), /cannot load/);
    const { status, body } = await send(`${stack.url}/functions/v1/broken`);
    deepEqual([status, body.code], [503, "BOOT_ERROR"]);
  });
}

Deno.test("a missing function is a 404", async () => {
  const { status, body } = await send(`${stacks.get("current")!.url}/functions/v1/missing`);
  deepEqual([status, body.code], [404, "NOT_FOUND"]);
});

Deno.test("a process that ends is restarted", async () => {
  const url = `${stacks.get("current")!.url}/functions/v1/mortal`;
  equal((await send(url)).body, "1");
  equal((await send(url, { method: "DELETE" })).status, 503);
  let reply = await send(url);
  while (reply.status === 503) reply = await send(url);
  equal(reply.body, "1");
});

Deno.test("a function gets the event before it ends, and may finish its work", async () => {
  const own = await projectWith({ lasting: FUNCTIONS.lasting });
  const stack = await startStack({ functionsRoot: functionsOf(own) });
  equal((await send(`${stack.url}/functions/v1/lasting`)).status, 202);
  await stack.close();
  deepEqual(stack.functionLogs("lasting"), ["reason termination", "given back"]);
  await Deno.remove(own, { recursive: true });
});
