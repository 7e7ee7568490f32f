import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Answer, environmentFor, jobId, run, SECRET_KEY, startProject } from "./support.ts";

const PROMPT = ["image", "A hero on a cliff"];

Deno.test("job id and message id are printed", async () => {
  await using project = startProject();
  const { code, out, err } = await project.run(PROMPT);
  equal(code, 0);
  equal(out[0], `job id: ${jobId(1)}  message id: 101`);
  match(out[1], new RegExp(`^1 job put on image_generation_queue at ${project.url}$`));
  deepEqual(err, []);
});

Deno.test("the likely price is printed, where it is known", async () => {
  const standing = [
    { kind: "image", model: "gone", state: "retired" },
    { kind: "image", model: "usable", state: "ok" },
    { kind: "video", model: "priceless", state: "ok" },
  ];
  await using project = startProject({ standing });
  const readFile = () => Promise.resolve('["a", "b", "c"]');
  const { out } = await project.run(["batch-images", "f"], { readFile });
  equal(out.at(-1), "costs about $0.12, by usable");
  const video = await project.run(["video", "A hero"]);
  match(video.out.at(-1)!, /^1 job put on/);
});

Deno.test("a secret key is sent as apikey, a legacy key in both headers", async () => {
  await using project = startProject();
  await project.run(PROMPT);
  equal(project.calls[0].headers.get("apikey"), SECRET_KEY);
  equal(project.calls[0].headers.get("authorization"), null);

  const legacy = `legacy.${crypto.randomUUID()}.key`;
  await run(PROMPT, { SUPABASE_URL: `${project.url}/`, SUPABASE_SERVICE_ROLE_KEY: legacy });
  equal(project.calls[1].headers.get("apikey"), legacy);
  equal(project.calls[1].headers.get("authorization"), `Bearer ${legacy}`);
});

Deno.test("a refusal that quotes the key and moves the cursor is shown as plain text", async () => {
  const message = `no such key: ${SECRET_KEY}\u001b[2J\nqueued`;
  await using project = startProject({ answer: () => Response.json({ message }, { status: 401 }) });
  const { code, err } = await project.run(PROMPT);
  equal(code, 1);
  match(err.join("\n"), /\(401: no such key: \[redacted\] \[2J queued\)$/m);
});

Deno.test("--json prints one document: what was sent, and with --wait how it ended", async () => {
  const error = { code: "no_image", message: "none" };
  await using project = startProject({
    course: [{ status: "running" }, { status: "failed", error }],
  });
  const environment = environmentFor(project.url);
  const queue = "image_generation_queue";
  const sent = await run([...PROMPT, "--json"], environment);
  equal(sent.code, 0);
  deepEqual(sent.out.map((line) => JSON.parse(line)), [{ job_id: jobId(1), msg_id: 101, queue }]);

  const waited = await run([...PROMPT, "--json", "--wait"], environment);
  equal(waited.code, 1);
  deepEqual(waited.out.map((line) => JSON.parse(line)), [
    { job_id: jobId(2), msg_id: 102, queue, status: "failed", asset_url: null, error },
  ]);
});

Deno.test("--json of an interrupted batch lists what was sent", async () => {
  await using project = startProject({
    answer: (_call, index) => index === 1 ? new Response("gone", { status: 503 }) : undefined,
  });
  const { code, out, err } = await project.run(["batch-images", "f", "--json"], {
    readFile: () => Promise.resolve('["a", "b"]'),
  });
  equal(code, 1);
  deepEqual(out.map((line) => JSON.parse(line).map(({ job_id }: { job_id: string }) => job_id)), [
    [jobId(1)],
  ]);
  match(err.join("\n"), /\[1\] was not sent/);
});

Deno.test("a job whose reply was lost is sent again with the same key", async () => {
  await using project = startProject();
  let answers = 0;
  const lossy = async (request: Request) => {
    const response = await fetch(request);
    if (!request.url.includes("/rpc/")) return response;
    await response.bytes();
    if (++answers % 3 !== 0) throw new TypeError("connection reset");
    return Response.json([{ job_id: jobId(answers), msg_id: answers }]);
  };
  const { code, out } = await project.run(PROMPT, { fetch: lossy });
  equal(code, 0);
  equal(out[0], `job id: ${jobId(3)}  message id: 3`);
  const keys = project.calls.map(({ body }) => body.idempotency_key);
  equal(keys.length, 3);
  equal(new Set(keys).size, 1);
  match(keys[0] as string, /^[0-9a-f-]{36}$/);

  await project.run(PROMPT, { fetch: lossy });
  ok(project.calls.at(-1)!.body.idempotency_key !== keys[0], "another job has another key");
});

Deno.test("what is sent under a key of one's own is sent once, and a batch under one for each place", async () => {
  await using project = startProject({
    answer: (_call, index) => index === 3 ? new Response("gone", { status: 503 }) : undefined,
  });
  const keyed = ["--idempotency-key=order-4711"];
  equal((await project.run([...PROMPT, ...keyed])).code, 0);
  const { err } = await project.run(["batch-images", "f", ...keyed], {
    readFile: () => Promise.resolve('{"images": ["a", "b", "c"]}'),
  });
  match(err.join("\n"), /images\[2\] was not sent.*with the same key those are not sent again/s);
  deepEqual(project.calls.map(({ body }) => body.idempotency_key), [
    ...["", "images[0]", "images[1]", "images[2]"].map((place) => `order-4711${place}`),
  ]);
});

Deno.test("an error names a missing variable, and where its value is found", async () => {
  const url = "http://127.0.0.1:1";
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /SUPABASE_URL is not set.*settings.*\.env\.local/s],
    [
      { SUPABASE_URL: url },
      /SUPABASE_SECRET_KEY is not set.*SERVICE_ROLE_KEY.*--env-file=\.env\.local/s,
    ],
    [{ SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: "ü" }, /SUPABASE_SERVICE_ROLE_KEY must be/],
  ];
  for (const [environment, expected] of cases) {
    const { code, err } = await run(PROMPT, environment);
    equal(code, 2);
    match(err.join("\n"), expected);
  }
});

Deno.test("an invalid message is not sent; the error names flag and field", async () => {
  await using project = startProject();
  const { code, err } = await project.run(["video", " ", "--duration=5"]);
  equal(code, 2);
  match(err.join("\n"), /Nothing was sent/);
  match(err.join("\n"), /prompt: expected a non-empty string/);
  match(err.join("\n"), /--duration \(durationSeconds\): expected "4" or "6" or "8"/);
  deepEqual(project.calls, []);
});

Deno.test("a model that no worker has is refused before anything is sent", async () => {
  const standing = [
    { kind: "video", model: "veo", state: "ok" },
    { kind: "image", model: "sora", state: "ok" },
  ];
  await using project = startProject({ standing });
  for (const flags of [[], ["--json"]]) {
    const { code, out, err } = await project.run(["video", "A lion", "--model=sora", ...flags]);
    deepEqual([code, out], [2, []]);
    match(
      err[0],
      /^Nothing was sent\.\n {2}--model \(model\): expected veo\n.*process-queue\.sh videos/,
    );
  }
  deepEqual(project.calls, []);

  await using fresh = startProject();
  equal((await fresh.run(["video", "A lion", "--model=sora"])).code, 0, "no worker has run yet");
});

Deno.test("a refusal of the project is explained, with exit code 1", async () => {
  const json = (status: number, body: unknown) => () => Response.json(body, { status });
  const cases: [Answer, RegExp][] = [
    [
      json(401, { message: "Invalid API key" }),
      /refused the key.*401: Invalid API key\)\n {2}export/,
    ],
    [json(403, { code: "42501", message: "permission denied" }), /refused the key/],
    [json(404, { code: "PGRST202", message: "not found" }), /supabase db push/],
    [json(404, {}), /API URL/],
    [json(500, { message: "relation is missing" }), /failed \(500: relation is missing\)/],
    [() => new Response("<html>"), /not JSON/],
    [() => new Response("bad gateway", { status: 502 }), /failed \(502\)/],
    [json(200, []), /without job id/],
    [
      () => Response.redirect("http://127.0.0.1:1/elsewhere"),
      /redirects to another address.*\(302\)/,
    ],
  ];
  for (const [answer, expected] of cases) {
    await using project = startProject({ answer });
    const { code, out, err } = await project.run(PROMPT);
    equal(code, 1);
    match(err.join("\n"), expected);
    deepEqual(out, []);
    ok(!err.join("\n").includes(SECRET_KEY));
  }
});

Deno.test("a project that cannot be reached is named", async () => {
  const project = startProject();
  await project[Symbol.asyncDispose]();
  const { code, err } = await project.run(PROMPT);
  equal(code, 1);
  match(err.join("\n"), new RegExp(`${project.url} cannot be reached: .*refused.*\n.*task start`));
});
