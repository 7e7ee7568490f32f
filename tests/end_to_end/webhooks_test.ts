/** Webhooks over the whole installation: the functions end the jobs, the database tells the sender. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { startSimulator } from "../../local/simulator/mod.ts";
import { type Stack, startStack } from "../../local/stack/mod.ts";
import { eventually } from "../support/eventually.ts";

/** The receiver that docs/webhooks.md shows. */
async function receiverOfTheDocs(secret: string): Promise<(request: Request) => Promise<Response>> {
  Deno.env.set("WEBHOOK_SECRET", secret);
  const { default: receiver } = await import("../../examples/webhook-receiver/receiver.ts");
  return (request) => receiver.fetch(request);
}

interface Delivery {
  headers: Headers;
  body: string;
  /** What the receiver answered. */
  status: number;
}

type Answer = (request: Request) => Response | Promise<Response>;

/** A receiver whose answers are given one after the other; the last one goes on being given. */
function receiver(answers: Answer[]) {
  const deliveries: Delivery[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (r) => {
    const { headers } = r;
    const [body, answer] = [await r.clone().text(), answers[0]];
    if (answers.length > 1) answers.shift();
    const response = await answer(r);
    deliveries.push({ headers, body, status: response.status });
    return response;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/generation`,
    deliveries,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;

async function startWithWebhooks(secret: string, env: Record<string, string> = {}): Promise<Stack> {
  const stack = await startStack({ tick: true, tickSeconds: 3600, env });
  await stack.sql("update generation_webhook_settings set local_receivers = true");
  await stack.sql("select vault.create_secret($1, 'webhook_secret')", [secret]);
  return stack;
}

const send = (stack: Stack, webhookUrl: string, prompt = "A hero") =>
  stack.sql("select pgmq.send('image_generation_queue', $1::jsonb)", [
    JSON.stringify({ storyboardId: "sb", prompt, webhookUrl }),
  ]);

/** Ends the queued jobs. The functions of a stack without a provider key do no work. */
const cancelAll = (stack: Stack) =>
  stack.sql("select cancel_generation_job(id) from generation_jobs where status = 'queued'");

/** Looks for answers until the only webhook has a status; `hurry` does not wait for the next attempt. */
async function until(stack: Stack, wanted: string, hurry = false) {
  return await eventually(`a webhook that is ${wanted}`, async () => {
    await stack.sql("select deliver_generation_webhooks()");
    const [webhook] = await stack.sql<
      { status: string; attempts: number; response_status: number; error: string }
    >("select status, attempts, response_status, error from generation_webhooks");
    if (webhook?.status === wanted) return webhook;
    if (hurry) {
      await stack.sql(
        "update generation_webhooks set next_attempt_at = now() where status = 'waiting'",
      );
    }
  });
}

Deno.test("a sender is told what became of its job, by what the documentation shows", async () => {
  const secret = newSecret();
  const ours = await receiverOfTheDocs(secret);
  await using hooks = receiver([() => new Response("not now", { status: 503 }), ours]);
  await using simulator = await startSimulator();
  const stack = await startWithWebhooks(secret, {
    GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
    GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
  });
  try {
    await send(stack, hooks.url);
    assert.deepEqual(await until(stack, "delivered", true), {
      status: "delivered",
      attempts: 2,
      response_status: 204,
      error: null,
    });
    const [failed, delivered] = hooks.deliveries;
    assert.equal(hooks.deliveries.length, 2);
    assert.equal(failed.status, 503);
    assert.equal(failed.headers.get("webhook-id"), delivered.headers.get("webhook-id"));
    assert.equal(delivered.headers.get("content-type"), "application/json");

    const { type, timestamp, data } = JSON.parse(delivered.body);
    assert.equal(type, "generation.succeeded");
    assert.equal(new Date(timestamp).getTime(), new Date(data.finished_at).getTime());
    const image = await fetch(data.asset_url);
    assert.equal(image.status, 200);
    assert.match(image.headers.get("content-type")!, /^image\//);
    await image.body?.cancel();

    const altered = (change: Partial<{ body: string; headers: Headers }>) => {
      const { body, headers } = { ...delivered, ...change };
      return ours(new Request(hooks.url, { method: "POST", headers, body }));
    };
    assert.equal((await altered({})).status, 204);
    assert.equal((await altered({ body: delivered.body.replace("sb", "zz") })).status, 401);
    const headers = new Headers(delivered.headers);
    headers.set("webhook-id", crypto.randomUUID());
    assert.equal((await altered({ headers })).status, 401);
  } finally {
    await stack.close();
  }
});

Deno.test("both secrets verify while one takes the other's place", async () => {
  const [old, young] = [newSecret(), newSecret()];
  await using hooks = receiver([() => new Response()]);
  const stack = await startWithWebhooks(`${young} ${old}`);
  try {
    await send(stack, hooks.url, "Ümläute — and “quotes” 🎬");
    await cancelAll(stack);
    await until(stack, "delivered");
    const [{ body, headers }] = hooks.deliveries;
    for (const secret of [old, young]) {
      new Webhook(secret).verify(body, Object.fromEntries(headers));
    }
    assert.throws(() => new Webhook(newSecret()).verify(body, Object.fromEntries(headers)));
  } finally {
    await stack.close();
  }
});

Deno.test("a receiver that redirects is not told again", async () => {
  await using inside = receiver([() => new Response(null, { status: 404 })]);
  await using hooks = receiver([
    () => new Response(null, { status: 307, headers: { location: inside.url } }),
  ]);
  const stack = await startWithWebhooks(newSecret());
  try {
    await send(stack, hooks.url);
    await cancelAll(stack);
    const { error } = await until(stack, "failed");
    assert.equal(error, `the receiver redirects, to ${inside.url}`);
    assert.equal(inside.deliveries.length, 1, "as pg_net does");
  } finally {
    await stack.close();
  }
});
