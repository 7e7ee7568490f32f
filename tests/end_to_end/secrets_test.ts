/**
 * Every failure there is, with a marked secret in every place that one can be in, and everything
 * that is left of them looked through for the marks: logs, answers, the ledger, what is stored.
 */
import assert from "node:assert/strict";
import { Gateway } from "./gateway.ts";
import { type Kind, type Message, TestProject } from "../support/test_project.ts";

/** Marks have the look of no key that is known, so that they are not found by their look. */
function newMarks() {
  const mark = () => `m${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
  return {
    // The functions' own.
    google: mark(),
    secret: mark(),
    otherSecret: mark(),
    serviceRole: mark(),
    worker: mark(),
    // What senders and services put into addresses.
    sourceUser: mark(),
    sourcePassword: mark(),
    sourcePath: mark(),
    sourceToken: mark(),
    locationUser: mark(),
    locationToken: mark(),
    downloadUser: mark(),
    downloadToken: mark(),
  };
}

type Marks = ReturnType<typeof newMarks>;

/** A mark in the spellings in which it can be handed on: they are looked for in small letters. */
function spellings(mark: string): string[] {
  const inBase64 = [0, 1, 2].map((offset) => {
    const text = btoa("-".repeat(offset) + mark);
    return text.slice(Math.ceil(offset * 8 / 6), Math.floor((offset + mark.length) * 8 / 6));
  });
  return [mark, [...mark].reverse().join(""), ...inBase64].map((text) => text.toLowerCase());
}

/** The names of the marks that are in a text. */
function found(marks: Marks, text: string): string[] {
  const small = text.toLowerCase();
  return Object.entries(marks)
    .filter(([, mark]) => spellings(mark).some((spelling) => small.includes(spelling)))
    .map(([name]) => name);
}

/** What a careless service says of a request: everything it knows. */
function confession({ google, secret, serviceRole, worker, otherSecret }: Marks): string {
  return `x-goog-api-key: ${google} authorization: Bearer ${secret} apikey: ${secret} ` +
    `https://u:${google}@api.test/?key=${google} ${google.toUpperCase()} "${btoa(google)}" ` +
    `Basic ${btoa(`user:${secret}`)} ${encodeURIComponent(google)} (${google}), ${secret}; ` +
    // It does not know these; a function that put them in a request would have told it.
    [serviceRole, worker, otherSecret].map((key) => key.length).join();
}

const VEO = "veo-3.1-fast-generate-preview";

interface Case {
  kind: Kind;
  message?: Message;
  /** An operation that an earlier run has begun, and its age in seconds. */
  operation?: number;
  attempts?: number;
  /** What the provider answers: to a poll where there is an operation, else to what is asked of it. */
  provider?: { status?: number; body?: unknown; headers?: Record<string, string>; drop?: boolean };
  /** Where a finished video is said to be. */
  uri?: string;
  gateway?: Gateway["interfere"];
  budgetSeconds?: number;
  /** The run itself fails, the job is none the wiser. */
  unavailable?: boolean;
}

const NAME = `models/${VEO}/operations/o1`;
const done = (response: unknown) => ({ name: NAME, done: true, response });

/** The ways to come by each code. */
function casesOf(marks: Marks, { url }: Gateway): Record<string, Case[]> {
  const said = confession(marks);
  const error = (code: number, message = said) => ({ error: { code, message, status: "X" } });
  const { sourceUser, sourcePassword, sourcePath, sourceToken } = marks;
  const { locationUser, locationToken, downloadUser, downloadToken } = marks;
  const credentials = `${sourceUser}:${sourcePassword}`;
  const secretPart = `${sourcePath}.png?token=${sourceToken}&X-Amz-Signature=${sourceToken}`;
  const own = `${url}/storage/v1/object/sign/b/${secretPart}`;
  const location = `https://${locationUser}:${locationUser}@files.test/a?token=${locationToken}`;

  const edit = (sourceImageUrl: string): Message => ({ editMode: true, sourceImageUrl });
  const at =
    (path: string, answer: (request: Request) => Response | "drop"): Gateway["interfere"] =>
    (request) => new URL(request.url).pathname.includes(path) ? answer(request) : undefined;
  /** Says everything that the request said. */
  const echo = (status: number, more: Record<string, unknown> = {}) => (request: Request) => {
    const headers = [...request.headers].map(([name, value]) => `${name}: ${value}`).join(" ");
    const message = `${headers} ${request.url} ${said}`;
    return Response.json({ statusCode: String(status), error: message, message, ...more }, {
      status,
    });
  };
  const image = (provider: Case["provider"]): Case => ({ kind: "image", provider });
  const poll = (provider: Case["provider"], more: Partial<Case> = {}): Case => ({
    kind: "video",
    operation: 1,
    provider,
    budgetSeconds: 1,
    ...more,
  });
  const download = (uri: string): Case => ({ kind: "video", operation: 1, uri });

  return {
    invalid_message: [
      { kind: "image", message: { prompt: 7, ...edit(`ftp://${credentials}@h/${secretPart}`) } },
      { kind: "video", message: { sceneId: "/", sourceImageUrl: `http:${credentials}@h/` } },
      { kind: "image", message: edit(`http://h/${secretPart}${"x".repeat(5000)}`) },
    ],
    source_image_unusable: [
      { kind: "image", message: edit(`https://${credentials}@images.test/${secretPart}`) },
      { kind: "video", message: { sourceImageUrl: `http://10.0.0.1/${secretPart}` } },
      { kind: "image", message: edit(`http://127.0.0.1%2f${sourcePath}/${secretPart}`) },
      // No name below `invalid` exists, so the request is never more than attempted.
      { kind: "image", message: edit(`https://missing.invalid/${secretPart}`) },
      { kind: "image", message: edit(own) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", echo(403)) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", echo(500)) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", () => "drop") },
      {
        kind: "image",
        message: edit(own),
        gateway: at(
          "/object/sign/",
          () => new Response(null, { status: 302, headers: { location } }),
        ),
      },
      {
        kind: "video",
        message: { sourceImageUrl: own },
        gateway: at("/object/sign/", () => new Response(`GIF89a ${said}`)),
      },
    ],
    content_blocked: [
      image({ body: { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: said } } }),
      image({ body: { promptFeedback: { blockReason: marks.google } } }),
      image({ body: { candidates: [{ finishReason: "IMAGE_SAFETY", finishMessage: said }] } }),
      poll({
        body: done({
          generateVideoResponse: { raiMediaFilteredCount: 1, raiMediaFilteredReasons: [said] },
        }),
      }),
    ],
    no_image: [
      image({ body: { candidates: [{ finishReason: "NO_IMAGE", finishMessage: said }] } }),
      image({
        body: { candidates: [{ finishReason: "STOP", content: { parts: [{ text: said }] } }] },
      }),
    ],
    no_video: [poll({ body: done({ note: said }) })],
    model_unavailable: [
      image({ status: 404, body: error(404) }),
      { kind: "video", provider: { status: 404, body: said } },
    ],
    model_rejected_request: [
      image({ status: 400, body: error(400) }),
      { kind: "video", provider: { status: 400, body: error(400) } },
    ],
    api_key_invalid: [
      image({ status: 400, body: error(400, `API key not valid: ${marks.google}. ${said}`) }),
      image({ status: 403, body: [error(403)] }),
      { kind: "video", provider: { status: 401, body: error(401) } },
    ],
    quota_exhausted: [
      image({ status: 429, body: error(429) }),
      poll({ body: { name: NAME, done: true, error: { code: 8, message: said } } }),
    ],
    provider_unavailable: [
      image({ status: 500, body: error(500) }),
      image({ status: 503, body: said }),
      image({ drop: true }),
    ],
    provider_reply_unreadable: [
      image({ body: `{"candidates": "${said}` }),
      image({ status: 302, headers: { location }, body: said }),
    ],
    submission_uncertain: [
      { kind: "video", provider: { status: 500, body: error(500) } },
      { kind: "video", provider: { drop: true } },
      { kind: "video", provider: { body: `{"name": "${said}` } },
      { kind: "video", provider: { status: 302, headers: { location }, body: said } },
    ],
    operation_failed: [
      poll({ body: { name: NAME, done: true, error: { code: 3, message: said } } }),
      poll({ body: { name: NAME, done: true, error: { code: 13, message: said } } }),
    ],
    operation_timed_out: [
      poll({ body: { name: NAME, metadata: said } }, { operation: 120 }),
      poll({ status: 500, body: error(500) }, { operation: 120 }),
    ],
    operation_not_found: [poll({ status: 404, body: error(404) })],
    download_failed: [
      download(`https://${downloadUser}:${downloadUser}@files.test/a?key=${downloadToken}`),
      download(`http://${downloadUser}@127.0.0.1/a?key=${downloadToken}`),
      download(`ftp://files.test/a?key=${downloadToken}`),
      // The simulator's own origin, where there is no such file.
      download(`SIMULATOR/v1beta/files/none?key=${downloadToken}&token=${downloadToken}`),
      // Another origin, which tells what it was asked.
      download(`${url}/refused?key=${downloadToken}`),
      download(`${url}/dropped?key=${downloadToken}`),
      download(`${url}/moved?key=${downloadToken}`),
      download(`${url}/html?key=${downloadToken}`),
    ].map((one) => ({
      ...one,
      gateway: (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/refused") return echo(403)(request);
        if (pathname === "/dropped") return "drop";
        if (pathname === "/moved") {
          return new Response(null, { status: 302, headers: { location } });
        }
        if (pathname === "/html") return new Response(`<html>${said}</html>`);
      },
    })),
    storage_failed: [
      { kind: "image", gateway: at("/object/storyboard-images/", echo(400)) },
      { kind: "image", gateway: at("/object/storyboard-images/", echo(500)) },
      { kind: "image", gateway: at("/object/storyboard-images/", () => "drop") },
      {
        kind: "image",
        gateway: at(
          "/object/storyboard-images/",
          () => new Response(said, { status: 307, headers: { location } }),
        ),
      },
    ],
    entity_update_failed: [
      { kind: "image", gateway: at("/complete_generation_job", echo(400, { code: "GJ001" })) },
    ],
    attempts_exhausted: [{ kind: "image", attempts: 5 }],
    queue_failed: [
      { kind: "image", gateway: at("/claim_generation_jobs", echo(401)), unavailable: true },
      { kind: "image", gateway: at("/claim_generation_jobs", echo(500)), unavailable: true },
      { kind: "image", gateway: at("/claim_generation_jobs", () => "drop"), unavailable: true },
      {
        kind: "image",
        gateway: at("/claim_generation_jobs", () => new Response(`[{"job_id": "${said}"`)),
        unavailable: true,
      },
    ],
  };
}

/** The codes that the core knows, from its source. */
async function allCodes(): Promise<string[]> {
  const source = await Deno.readTextFile(new URL("../../src/failure.rs", import.meta.url));
  return [...source.matchAll(/^ {4}\w+ = "(\w+)",$/gm)].map(([, code]) => code);
}

/** A row without what its sender wrote: the message, and the columns that repeat its fields. */
function withoutMessage(row: Record<string, unknown>): Record<string, unknown> {
  const written = ["message", "storyboard_id", "scene_id", "character_id", "prompt"];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !written.includes(name)));
}

Deno.test("no failure gives a secret away", async (test) => {
  const marks = newMarks();
  await using gateway = new Gateway(marks.secret);
  await using project = await TestProject.start({
    apiKey: marks.google,
    callerKey: marks.worker,
    env: {
      SUPABASE_URL: gateway.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: marks.secret, other: marks.otherSecret }),
      SUPABASE_SERVICE_ROLE_KEY: marks.serviceRole,
      WORKER_SECRET: marks.worker,
      VIDEO_DEADLINE_MINUTES: "1",
      VIDEO_MODELS: VEO,
    },
  });
  gateway.project = { url: project.stack.url, key: project.stack.secretKey };
  const { simulator, stack } = project;
  const simulatorOrigin = new URL(simulator.url).origin;
  const answers: string[] = [];
  const put = (text: string) => answers.push(text);

  const run = async (kind: Kind, budgetSeconds?: number) => {
    const body = budgetSeconds ? JSON.stringify({ budgetSeconds }) : undefined;
    const response = await project.call(kind, { body });
    const text = await response.text();
    put(`${JSON.stringify([...response.headers])} ${text}`);
    return text;
  };

  async function play(one: Case, code: string): Promise<void> {
    const { kind, message, operation, attempts, provider, uri, budgetSeconds } = one;
    simulator.reset();
    if (provider) {
      const { drop, ...rest } = provider;
      simulator.script({
        match: { kind: operation ? "poll" : kind },
        times: "always",
        ...rest,
        ...(drop && { preset: "drop-after" }),
      });
    }
    if (uri) {
      const video = { uri: uri.replace("SIMULATOR", simulatorOrigin) };
      const body = done({ generateVideoResponse: { generatedSamples: [{ video }] } });
      simulator.script({ match: { kind: "poll" }, times: "always", body });
    }
    gateway.interfere = one.gateway ?? (() => undefined);
    const id = await project.send(kind, {
      storyboardId: project.storyboard(),
      prompt: `A hero, ${code}`,
      ...message,
    });
    if (operation) {
      await stack.sql(
        `update public.generation_jobs
         set operation = $2::jsonb, submitted_at = now() - make_interval(secs => $3)
         where id = $1`,
        [id, JSON.stringify({ model: VEO, name: NAME }), operation],
      );
    }
    if (attempts) {
      await stack.sql("update public.generation_jobs set attempts = $2 where id = $1", [
        id,
        attempts,
      ]);
    }
    const answer = await run(kind, budgetSeconds);
    gateway.interfere = () => undefined;
    if (one.unavailable) {
      assert.match(answer, new RegExp(`"code":"${code}"`), answer);
    } else {
      const job = await project.job(id);
      assert.equal(job.error_code, code, `${job.status} ${job.error_message} ${answer}`);
      assert.ok(job.error_message, "a reason is given");
    }
    // Not to be tried again in the middle of the next case.
    await stack.sql(
      `update pgmq.q_${kind}_generation_queue set vt = now() + interval '1 day'`,
    );
  }

  const cases = casesOf(marks, gateway);
  assert.deepEqual(Object.keys(cases).sort(), (await allCodes()).sort(), "a case for every code");
  for (const [code, ones] of Object.entries(cases)) {
    for (const [index, one] of ones.entries()) {
      await test.step(`${code}, ${index + 1}`, () => play(one, code));
    }
  }

  await test.step("a poll that fails is only spoken of", async () => {
    simulator.reset();
    const body = { error: { code: 500, message: confession(marks) } };
    simulator.script({ match: { kind: "poll" }, times: "always", status: 500, body });
    const id = await project.send("video", { storyboardId: project.storyboard(), prompt: "p" });
    await run("video", 3);
    assert.equal((await project.job(id)).status, "waiting");
  });

  await test.step("a success with a key in its figures", async () => {
    simulator.reset();
    const id = await project.send("image", { storyboardId: project.storyboard(), prompt: "p" });
    const data = btoa("\x89PNG\r\n\x1a\n");
    simulator.script({
      match: { kind: "image" },
      body: {
        candidates: [{
          content: { parts: [{ text: confession(marks) }, { inlineData: { data } }] },
        }],
        usageMetadata: { totalTokenCount: 7, note: confession(marks), [marks.google]: 1 },
      },
    });
    await run("image");
    assert.equal((await project.job(id)).status, "succeeded");
  });

  await test.step("who is refused learns nothing, and health tells nothing", async () => {
    for (const headers of [{}, { apikey: `${marks.secret}x` }] as Record<string, string>[]) {
      for (const method of ["POST", "GET", "OPTIONS", "DELETE"]) {
        const response = await project.call("image", { method, headers });
        put(`${JSON.stringify([...response.headers])} ${await response.text()}`);
      }
    }
  });

  const rows = await stack.sql<Record<string, unknown>>("select * from public.generation_jobs");
  const places: Record<string, string[]> = {
    "an answer": answers,
    "a line of the log": stack.functionNames.flatMap((name) => stack.functionLogs(name)),
    "the ledger": rows.map((row) => JSON.stringify(withoutMessage(row))),
    "storage": (await stack.sql("select * from storage.objects")).map((it) => JSON.stringify(it)),
    "an entity": (await stack.sql("select * from public.kv_store_7ee7668a"))
      .map((it) => JSON.stringify(it)),
  };
  for (const [place, texts] of Object.entries(places)) {
    await test.step(`no mark is in ${place}`, () => {
      if (place !== "an entity") {
        assert.ok(texts.length > 0, "there is something to look through");
      }
      for (const text of texts) assert.deepEqual(found(marks, text), [], text);
    });
  }

  await test.step("the marks were there to be found", () => {
    const messages = rows.map((row) => JSON.stringify(row.message)).join("\n");
    const inMessages = ["sourceUser", "sourcePassword", "sourcePath", "sourceToken"];
    assert.deepEqual(found(marks, messages), inMessages);
    assert.ok(simulator.requests.every(({ key }) => key === "header"));
    for (const spelling of spellings(marks.google)) {
      assert.deepEqual(found(marks, `a ${spelling.toUpperCase()} b`), ["google"]);
    }
  });
});
