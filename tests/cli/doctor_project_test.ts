/**
 * `doctor` against a project that is broken in one place at a time: its address and keys, database,
 * buckets, functions and models. Each step repairs what it broke.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { CHECKS, checksOf, DoctorFixture, only, ROOT, wrong } from "./doctor_fixture.ts";
import { VERTEX_MODEL } from "../simulator/client.ts";
import { SCHEMA_VERSION } from "../../cli/doctor/migrations.ts";

const NO_ACCOUNT = { GOOGLE_VERTEX_PROJECT: "", GOOGLE_CLIENT_EMAIL: "", GOOGLE_PRIVATE_KEY: "" };

Deno.test("a project that is broken in one place", async (test) => {
  await using fixture = await DoctorFixture.open();
  const { stack, simulator } = fixture;
  const { publishableKey } = stack;

  await test.step("a wrong key", async () => {
    const key = `sb_secret_${crypto.randomUUID()}`;
    const findings = await fixture.examine({ SUPABASE_SECRET_KEY: key });
    const { message, remedy } = only(findings, "failed", "access");
    match(message, /refuses the key/);
    match(remedy!, /^export SUPABASE_SECRET_KEY=/);
    deepEqual(checksOf(findings, "ok"), ["url", "key", "connection", "clock", "functions"]);
  });

  await test.step("a publishable key", async () => {
    const findings = await fixture.examine({ SUPABASE_SECRET_KEY: publishableKey });
    match(only(findings, "failed", "key").message, /publishable/);
    ok(checksOf(findings, "skipped").includes("access"));
    ok(checksOf(findings, "ok").includes("functions"));
  });

  await test.step("a publishable key that is presented as a secret one", async () => {
    const findings = await fixture.examine({}, (request) => {
      const headers = new Headers(request.headers);
      if (headers.has("apikey")) headers.set("apikey", publishableKey);
      return fetch(new Request(request, { headers }));
    });
    match(only(findings, "failed", "access").message, /no secret key/);
  });

  await test.step("an address at which nothing listens", async () => {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = free.addr.port;
    free.close();
    const findings = await fixture.examine({ SUPABASE_URL: `http://127.0.0.1:${port}` });
    const { message, remedy } = only(findings, "failed", "connection");
    match(message, /nothing listens there/);
    equal(remedy, `curl --verbose http://127.0.0.1:${port}/`);
    deepEqual(checksOf(findings, "skipped"), CHECKS.slice(3));
  });

  await test.step("an address without TLS", async () => {
    const url = stack.url.replace("http:", "https:");
    match(
      only(await fixture.examine({ SUPABASE_URL: url }), "failed", "connection").message,
      /TLS/,
    );
  });

  await test.step("a host that does not exist", async () => {
    const findings = await fixture.examine({ SUPABASE_URL: "https://project.invalid" }, () => {
      const cause = new Error("dns error: failed to lookup address information");
      return Promise.reject(new TypeError("fetch failed", { cause }));
    });
    match(only(findings, "failed", "connection").message, /no host project\.invalid/);
  });

  await test.step("another server at the address", async () => {
    for (
      const [answer, said] of [
        [() => new Response("<h1>Hello</h1>"), /no Data API/],
        [() => new Response(null, { status: 301, headers: { location: "/x" } }), /another address/],
        [() => Response.json({ message: "paused" }, { status: 540 }), /paused/],
        [() => Response.json({ code: "PGRST000", message: "no" }, { status: 503 }), /out of order/],
        [
          () => Response.json({ code: "PGRST106", message: "no" }, { status: 406 }),
          /schema public/,
        ],
      ] as [() => Response, RegExp][]
    ) {
      const findings = await fixture.examine({}, () => Promise.resolve(answer()));
      const [first] = wrong(findings);
      equal(first.check, "connection");
      match(first.message, said);
      ok(first.remedy);
    }
  });

  await test.step("clocks that do not agree", async () => {
    const examinedWith = (seconds: number) =>
      fixture.examine({}, async (request) => {
        const response = await fetch(request);
        const there = Date.parse(response.headers.get("date")!) + seconds * 1000;
        const headers = new Headers(response.headers);
        headers.set("date", new Date(there).toUTCString());
        return new Response(response.body, { status: response.status, headers });
      });
    equal(wrong(await examinedWith(20)).length, 0);
    match(only(await examinedWith(-100), "warning", "clock").message, /ahead/);
    const clock = wrong(await examinedWith(600)).find(({ check }) => check === "clock");
    equal(clock?.status, "failed");
    match(clock!.message, /10 min behind/);
    match(clock!.remedy!, /set-ntp true/);
  });

  await test.step("the version of the schema is the one that this clone works with", async () => {
    const [{ version }] = await stack.sql<{ version: number }>(
      "select generation_schema_version() as version",
    );
    equal(version, SCHEMA_VERSION);
  });

  await test.step("a schema of another version", async () => {
    const examinedWith = (version: number) =>
      fixture.examine(
        {},
        async (request) =>
          request.url.endsWith("/rpc/generation_schema_version")
            ? Response.json(version)
            : await fetch(request),
      );
    const older = only(await examinedWith(SCHEMA_VERSION - 1), "failed", "migrations");
    match(older.message, /has version 0 of the schema, and this clone works with version 1/);
    match(older.remedy!, /^supabase db push --remote\n/);
    const newer = only(await examinedWith(SCHEMA_VERSION + 1), "warning", "migrations");
    equal(newer.remedy, "git pull");
  });

  await test.step("no migrations", async () => {
    const findings = await fixture.whileBroken(
      "alter function public.generation_schema_version() rename to mislaid",
      "alter function public.mislaid() rename to generation_schema_version",
    );
    match(only(findings, "failed", "migrations").message, /lacks the migrations/);
  });

  await test.step("a function that is missing, and a view whose grants are gone", async () => {
    const missing = await fixture.whileBroken(
      "alter function public.generation_schedule() rename to mislaid",
      "alter function public.mislaid() rename to generation_schedule",
    );
    match(only(missing, "failed", "schedule").message, /generation_schedule failed \(404/);
    const closed = await fixture.whileBroken(
      "revoke select on public.generation_failures from service_role",
      "grant select on public.generation_failures to service_role",
    );
    match(only(closed, "failed", "failures").remedy!, /supabase\/migrations/);
  });

  await test.step("a bucket that is not public", async () => {
    const findings = await fixture.whileBroken(
      "update storage.buckets set public = false where id = 'storyboard-videos'",
      "update storage.buckets set public = true",
    );
    const { message, remedy } = only(findings, "failed", "buckets");
    match(message, /storyboard-videos is not public/);
    await fixture.sql("update storage.buckets set public = false where id = 'storyboard-videos'");
    await fixture.sql(remedy!);
    deepEqual(wrong(await fixture.examine()), [], "the remedy repairs it");
  });

  await test.step("a bucket that is missing", async () => {
    await fixture.sql("delete from storage.buckets where id = 'storyboard-images'");
    const { message, remedy } = only(await fixture.examine(), "failed", "buckets");
    match(message, /storyboard-images is missing/);
    await fixture.sql(remedy!);
    deepEqual(wrong(await fixture.examine()), [], "the remedy repairs it");
  });

  await test.step("a bucket that refuses types and sizes", async () => {
    await fixture.sql(
      `update storage.buckets set allowed_mime_types = array['image/png', 'image/gif'],
      file_size_limit = 1048576 where id = 'storyboard-images'`,
    );
    const found = wrong(await fixture.examine());
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "buckets"],
      ["warning", "buckets"],
    ]);
    match(found[0].message, /refuses image\/jpeg, image\/webp/);
    match(found[1].message, /1 MiB at most/);
    for (const { remedy } of found) await fixture.sql(remedy!);
    deepEqual(wrong(await fixture.examine()), [], "the remedies repair it");
    await fixture.sql(
      "update storage.buckets set allowed_mime_types = array['image/*'], file_size_limit = null",
    );
    match(
      only(await fixture.examine(), "failed", "buckets").message,
      /storyboard-videos refuses video\/mp4/,
    );
    await fixture.sql("update storage.buckets set allowed_mime_types = null");
  });

  await test.step("a model that is retired, with others left", async () => {
    const model = "veo-3.1-fast-generate-preview";
    simulator.script({ match: { method: "GET", model }, preset: "retired" });
    const { message, remedy } = only(await fixture.examine(), "warning", "provider");
    match(message, /does not have veo-3\.1-fast-generate-preview for this key/);
    equal(remedy, `supabase secrets set VIDEO_MODELS=gemini-omni-1.1-flash,${VERTEX_MODEL}`);
  });

  await test.step("an account that Vertex AI refuses, or whose project has not enabled it", async () => {
    const grant = { error: "invalid_grant", error_description: "Invalid grant: account not found" };
    // As the functions have a token by now, it is first refused.
    simulator.revokeTokens();
    simulator.script({ match: { kind: "token" }, status: 400, body: grant });
    const account = only(await fixture.examine(), "failed", "provider");
    match(account.message, /^Vertex AI refuses the credentials: .*deleted or disabled/);
    match(account.remedy!, /GOOGLE_SERVICE_ACCOUNT_JSON/);

    const message = "Vertex AI API has not been used in project 7 before or it is disabled.";
    simulator.script({ match: { kind: "poll" }, status: 403, body: { error: { message } } });
    const project = only(await fixture.examine(), "failed", "provider");
    match(project.message, /^Google refuses the account: Vertex AI API has not been used/);
    match(project.remedy!, /^gcloud services enable aiplatform\.googleapis\.com/);
  });

  await test.step("an account whose credits are used up, or whose place is not served", async () => {
    const models = { match: { method: "GET", path: /models\/gemini-.*(image|nano)/ }, times: 3 };
    const message = "Your prepayment credits are depleted.";
    simulator.script({ ...models, status: 429, body: { error: { code: 429, message } } });
    const credits = only(await fixture.examine(), "failed", "provider");
    match(credits.message, /^Google refuses the account: Your prepayment credits are depleted/);
    match(credits.remedy!, /billing and spending caps/);

    const place = "User location is not supported for the API use.";
    simulator.script({ ...models, status: 400, body: { error: { code: 400, message: place } } });
    const location = only(await fixture.examine(), "failed", "provider");
    match(location.message, /^Google refuses the account: User location is not supported/);
    equal(location.remedy, "update generation_worker_settings set region = 'us-east-1';");
  });

  await test.step("a key that is refused, while Vertex AI cannot be reached", async () => {
    simulator.script({ match: { kind: "poll" }, preset: "unavailable" });
    simulator.script({
      match: { method: "GET" },
      times: 5,
      status: 403,
      body: { error: { code: 403, message: "API key not valid. Please pass a valid API key." } },
    });
    const [key, silence, ...more] = wrong(await fixture.examine());
    match(key.message, /^Google refuses the API key: API key not valid/);
    match(silence.message, new RegExp(`no answer about ${VERTEX_MODEL}: `));
    match(silence.remedy!, /GOOGLE_VERTEX_BASE_URL/);
    deepEqual([key, silence].map(({ check }) => check), ["provider", "provider"]);
    deepEqual(more, []);
  });

  await test.step("no model left", async () => {
    simulator.script({
      match: { method: "GET", path: /models\/gemini-(.*image|nano)/ },
      preset: "retired",
      times: 3,
    });
    const { message, remedy } = only(await fixture.examine(), "failed", "provider");
    match(message, /none of the image models/);
    match(remedy!, /^supabase secrets set IMAGE_MODELS=/);
  });

  await test.step("an exhausted quota, and a failure of the provider", async () => {
    const models = { method: "GET", path: /models\/gemini-(.*image|nano)/ };
    simulator.script({ match: models, preset: "quota", times: 3 });
    match(only(await fixture.examine(), "warning", "provider").message, /quota is used up/);
    simulator.script({ match: models, preset: "unavailable", times: 3 });
    match(only(await fixture.examine(), "failed", "provider").message, /overloaded/);
  });

  await test.step("an answer that quotes keys and moves the cursor is shown as plain text", async () => {
    simulator.script({
      match: { method: "GET" },
      times: 5,
      status: 403,
      body: {
        error: { code: 403, message: `\x1b[2J\u202ekey ${simulator.apiKey}\n\rok all is well` },
      },
    });
    const { message } = only(await fixture.examine(), "failed", "provider");
    // deno-lint-ignore no-control-regex -- none of those may occur
    ok(!/[\x00-\x1f\u202e]/.test(message), JSON.stringify(message));
  });

  await test.step("all is well again, as far as a check can tell", async () => {
    const findings = await fixture.examine();
    deepEqual(wrong(findings), []);
    const images = ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"];
    deepEqual(findings.filter(({ check }) => check === "provider").map(({ message }) => message), [
      `The image models. Usable: ${images.join(", ")}.`,
      "The video models. Listed; only a job shows whether the key may use it: " +
      "veo-3.1-fast-generate-preview, gemini-omni-1.1-flash. " +
      `Signed in; only a job shows whether the account may use it: ${VERTEX_MODEL}.`,
    ]);
  });
});

Deno.test("a wrong key, a model without credentials, and functions that accept public keys", async () => {
  await using fixture = await DoctorFixture.open({
    env: {
      GOOGLE_GENERATIVE_AI_API_KEY: "wrong-key",
      ALLOW_PUBLIC_TRIGGER: "true",
      VIDEO_MODELS: "",
      ...NO_ACCOUNT,
    },
  });
  const { publishableKey } = fixture.stack;
  const findings = await fixture.examine();
  const videos = findings.find(({ message }) => message.startsWith("process-video-generation"))!;
  equal(videos.status, "ok", "a model without credentials is no error");
  match(videos.message, /gemini-omni-1\.1-flash\. Left out: vertex\/veo-3\.1-fast-generate-001, /);
  match(
    videos.message,
    /without GOOGLE_VERTEX_PROJECT, GOOGLE_CLIENT_EMAIL, GOOGLE_PRIVATE_KEY, or GOOGLE_SERVICE_ACCOUNT_JSON, or GOOGLE_VERTEX_API_KEY\./,
  );
  const key = only(findings, "failed", "provider");
  match(key.message, /refuses the API key: API key not valid/);
  equal(key.remedy, "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY");

  const misnamed = await fixture.whileBroken(
    `select pgmq.send('video_generation_queue', '{"prompt": "p", "model": "x"}');
     update generation_jobs set status = 'failed', finished_at = now(), error_code = 'invalid_message',
       error_message = 'model: expected "gemini-omni-1.1-flash"'`,
    "delete from generation_jobs; select pgmq.purge_queue('video_generation_queue')",
  );
  match(
    misnamed.find(({ check }) => check === "failures")!.message,
    /expected "gemini-omni-1\.1-flash"\. Left out: vertex\/veo-3\.1-fast-generate-001, without /,
    "a message may have named a model that is left out",
  );

  const found = wrong(await fixture.examine({ SUPABASE_PUBLISHABLE_KEY: publishableKey }));
  const [authorization] = found;
  equal(authorization.check, "authorization");
  match(authorization.message, /ALLOW_PUBLIC_TRIGGER is on/);
  equal(authorization.remedy, "supabase secrets unset ALLOW_PUBLIC_TRIGGER");
});

Deno.test("a function that is not deployed, and one without its secret", async () => {
  const folder = await withoutVideos();
  try {
    await using fixture = await DoctorFixture.open({
      functionsRoot: `${folder}/supabase/functions`,
      env: { PUBLIC_URL: "here", GOOGLE_GENERATIVE_AI_API_KEY: "", IMAGE_CONCURRENCY: "many" },
    });
    const findings = await fixture.examine();
    const found = wrong(findings);
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "functions"],
      ["failed", "functions"],
    ]);
    const named =
      /GOOGLE_GENERATIVE_AI_API_KEY is not set; PUBLIC_URL must be .*; IMAGE_CONCURRENCY/;
    match(found[0].message, named);
    equal(
      found[0].remedy,
      "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=VALUE PUBLIC_URL=VALUE IMAGE_CONCURRENCY=VALUE",
    );
    match(found[1].message, /process-video-generation is not deployed/);
    equal(found[1].remedy, "supabase functions deploy process-video-generation");
    deepEqual(checksOf(findings, "skipped"), ["authorization", "provider"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The folder of the functions with only one of them. */
async function withoutVideos(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const copy = async (path: string) => {
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    for await (const { name, isFile, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
      if (isDirectory) await copy(`${path}/${name}`);
      if (isFile) {
        await Deno.copyFile(new URL(`${path}/${name}`, ROOT), `${folder}/${path}/${name}`);
      }
    }
  };
  await copy("pkg");
  await copy("supabase/functions/_shared");
  await copy("supabase/functions/process-image-generation");
  return folder;
}
