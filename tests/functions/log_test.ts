import { deepEqual, equal, ok } from "node:assert/strict";
import { createLog } from "../../supabase/functions/_shared/log.ts";
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { createRedact } from "../../supabase/functions/_shared/redact.ts";
// The core's tests read the same table.
import table from "../support/secrets.json" with { type: "json" };
import { newKeys } from "./support.ts";

const keys = newKeys();

Deno.test("an entry is one line of JSON that names the function", () => {
  const lines: [string, string][] = [];
  const log = createLog("process-x", createRedact(), (...line) => lines.push(line));
  log({ level: "warn", message: "two\nlines", jobId: "j", detail: { at: 1 } });
  equal(lines.length, 1);
  equal(lines[0][0], "warn");
  ok(!lines[0][1].includes("\n"));
  deepEqual(JSON.parse(lines[0][1]), {
    level: "warn",
    function: "process-x",
    message: "two\nlines",
    jobId: "j",
    detail: { at: 1 },
  });
});

Deno.test("what looks like a secret is redacted anywhere in an entry", () => {
  const redact = createRedact();
  const random = crypto.randomUUID();
  const known = table.secrets.map((form) => form.replaceAll("*", random));
  const secrets = [keys.secret, keys.publishable, keys.serviceRole, keys.google, ...known];
  for (const secret of secrets) {
    for (
      const value of [
        secret,
        `the key ${secret}, it says`,
        `https://x.example/a?key=${secret}`,
        { detail: { deep: [`Bearer ${secret}`] } },
        { message: "refused", reason: secret, at: 1 },
        { message: "bearer", reason: secret },
        { at: new URL(`https://x.example/a?token=${secret}`) },
        new Error(`refused ${secret}`),
      ]
    ) ok(!JSON.stringify(redact(value)).includes(secret), JSON.stringify(value));
  }
});

Deno.test("tokens of unknown form are recognized by their context", () => {
  const redact = createRedact();
  equal(redact("Authorization: Bearer abc123.def/456"), "Authorization: Bearer [redacted]");
  equal(
    redact("https://x.example/object/sign/a.png?token=abc.def&width=3"),
    "https://x.example/object/sign/a.png?token=[redacted]&width=3",
  );
  equal(
    redact("https://s.example/a?X-Goog-Signature=0a1b&X-Goog-Date=2"),
    "https://s.example/a?X-Goog-Signature=[redacted]&X-Goog-Date=2",
  );
  equal(redact("http://user:pass@x.example/a"), "http://[redacted]@x.example/a");
  equal(redact("https://token@x.example/a"), "https://[redacted]@x.example/a");
  deepEqual(redact({ headers: { apikey: "short", accept: "*/*" } }), {
    headers: { apikey: "[redacted]", accept: "*/*" },
  });
});

Deno.test("the function's own secrets are redacted in any form", () => {
  const redact = createRedact(new KnownSecrets([keys.worker, "abc"]));
  equal(redact(`sent ${keys.worker}!`), "sent [redacted]!");
  equal(redact("abc is a word"), "abc is a word");
});

Deno.test("what operators need to read is kept", () => {
  const redact = createRedact(new KnownSecrets([keys.worker]));
  for (const text of [...table.ordinary, "a bearer of bad news"]) equal(redact(text), text);
});

Deno.test("long, deep and foreign values are bounded", () => {
  const redact = createRedact();
  ok((redact("x".repeat(1_000_000)) as string).length < 5000);
  // A pattern that backtracks badly would hang here.
  ok((redact(`https://${"a:".repeat(2000)} ${"eyJ.".repeat(1000)}`) as string).length < 10_000);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  ok(JSON.stringify(redact(cycle)).length < 1000);
  equal(JSON.stringify(redact({ big: 12n })), '{"big":"12"}');
});
