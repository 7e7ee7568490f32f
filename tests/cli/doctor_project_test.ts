/**
 * `doctor` against a project that is broken in one place at a time: its address and keys, database,
 * buckets, functions and models. What breaks something is undone before the next.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { CHECKS, checksOf, Clinic, only, ROOT, wrong } from "./clinic.ts";
import { DESCRIBED, type Described, openApi } from "./described.ts";

Deno.test("a project that is broken in one place", async (test) => {
  await using clinic = await Clinic.open();
  const { stack, simulator } = clinic;
  const { publishableKey } = stack;

  await test.step("a wrong key", async () => {
    const key = `sb_secret_${crypto.randomUUID()}`;
    const findings = await clinic.examine({ SUPABASE_SECRET_KEY: key });
    const { message, remedy } = only(findings, "failed", "access");
    match(message, /refuses the key/);
    match(remedy!, /^export SUPABASE_SECRET_KEY=/);
    deepEqual(checksOf(findings, "ok"), ["url", "key", "connection", "clock", "functions"]);
  });

  await test.step("a publishable key", async () => {
    const findings = await clinic.examine({ SUPABASE_SECRET_KEY: publishableKey });
    match(only(findings, "failed", "key").message, /publishable/);
    ok(checksOf(findings, "skipped").includes("access"));
    ok(checksOf(findings, "ok").includes("functions"));
  });

  await test.step("a publishable key under the wrong name is known by what it may not do", async () => {
    const findings = await clinic.examine({}, (request) => {
      const headers = new Headers(request.headers);
      if (headers.has("apikey")) headers.set("apikey", publishableKey);
      return fetch(new Request(request, { headers }));
    });
    match(only(findings, "failed", "access").message, /no secret key/);
  });

  await test.step("nobody there", async () => {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = free.addr.port;
    free.close();
    const findings = await clinic.examine({ SUPABASE_URL: `http://127.0.0.1:${port}` });
    const { message, remedy } = only(findings, "failed", "connection");
    match(message, /nothing listens there/);
    equal(remedy, `curl --verbose http://127.0.0.1:${port}/`);
    deepEqual(checksOf(findings, "skipped"), CHECKS.slice(3));
  });

  await test.step("no TLS there", async () => {
    const url = stack.url.replace("http:", "https:");
    match(only(await clinic.examine({ SUPABASE_URL: url }), "failed", "connection").message, /TLS/);
  });

  await test.step("a name that nobody has", async () => {
    const findings = await clinic.examine({ SUPABASE_URL: "https://project.invalid" }, () => {
      const cause = new Error("dns error: failed to lookup address information");
      return Promise.reject(new TypeError("fetch failed", { cause }));
    });
    match(only(findings, "failed", "connection").message, /no host project\.invalid/);
  });

  await test.step("something else under the address", async () => {
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
      const findings = await clinic.examine({}, () => Promise.resolve(answer()));
      const [first] = wrong(findings);
      equal(first.check, "connection");
      match(first.message, said);
      ok(first.remedy);
    }
  });

  await test.step("clocks that do not agree", async () => {
    const examinedWith = (seconds: number) =>
      clinic.examine({}, async (request) => {
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

  await test.step("a function that the migrations had made", async () => {
    const change = (from: string, to: string) =>
      `alter function public.${from}(text, integer) rename to ${to}`;
    const name = "unpublished_generation_jobs";
    const findings = await clinic.whileBroken(change(name, "mislaid"), change("mislaid", name));
    const { message, remedy } = only(findings, "failed", "migrations");
    match(message, /lacks unpublished_generation_jobs\(queue_name, quantity\)\./);
    match(remedy!, /^supabase db push --remote\n/);
  });

  await test.step("a function as an older version had it", async () => {
    const newer = "(text, integer, integer, text[])";
    const findings = await clinic.whileBroken(
      `alter function public.claim_generation_jobs${newer} rename to newer;
create function public.claim_generation_jobs(queue text, lease_seconds integer, quantity integer)
returns void language sql as 'select'`,
      `drop function public.claim_generation_jobs(text, integer, integer);
alter function public.newer${newer} rename to claim_generation_jobs`,
    );
    match(
      only(findings, "failed", "migrations").message,
      /lacks claim_generation_jobs\(queue_name, lease_seconds, quantity, models\)\./,
    );
  });

  await test.step("a view", async () => {
    const findings = await clinic.whileBroken(
      "alter view public.generation_latency rename to mislaid",
      "alter view public.mislaid rename to generation_latency",
    );
    match(only(findings, "failed", "migrations").message, /lacks generation_latency\./);
  });

  await test.step("a view whose grants are gone", async () => {
    const findings = await clinic.whileBroken(
      "revoke select on public.generation_costs from service_role",
      "grant select on public.generation_costs to service_role",
    );
    match(only(findings, "failed", "migrations").message, /may not use generation_costs/);
  });

  await test.step("what another check needs is not reported twice", async () => {
    const findings = await clinic.whileBroken(
      "alter function public.generation_schedule() rename to mislaid",
      "alter function public.mislaid() rename to generation_schedule",
    );
    only(findings, "failed", "migrations");
    deepEqual(checksOf(findings, "skipped"), ["schedule"]);
  });

  await test.step("the OpenAPI document says it, where there is one", async () => {
    const document = openApi(await stack.sql<Described>(DESCRIBED));
    const calls: string[] = [];
    const examinedWith = (paths: unknown) =>
      clinic.examine({}, (request) => {
        const { pathname } = new URL(request.url);
        calls.push(pathname);
        return pathname === "/rest/v1/"
          ? Promise.resolve(Response.json({ swagger: "2.0", paths }))
          : fetch(request);
      });
    deepEqual(wrong(await examinedWith(document)), []);
    ok(!calls.includes("/rest/v1/rpc/claim_generation_jobs"), "then nothing has to be tried out");

    const { "/rpc/fail_generation_job": _, "/generation_costs": __, ...less } = document;
    match(
      only(await examinedWith(less), "failed", "migrations").message,
      /lacks fail_generation_job\(queue_name, .*\), generation_costs\./,
    );
    const older = structuredClone(document);
    delete older["/rpc/claim_generation_jobs"].post!.parameters[0].schema!.properties.models;
    match(
      only(await examinedWith(older), "failed", "migrations").message,
      /lacks claim_generation_jobs\(/,
    );
  });

  await test.step("a bucket that is not public", async () => {
    const findings = await clinic.whileBroken(
      "update storage.buckets set public = false where id = 'storyboard-videos'",
      "update storage.buckets set public = true",
    );
    const { message, remedy } = only(findings, "failed", "buckets");
    match(message, /storyboard-videos is not public/);
    await clinic.sql("update storage.buckets set public = false where id = 'storyboard-videos'");
    await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedy mends it");
  });

  await test.step("a bucket that is missing", async () => {
    await clinic.sql("delete from storage.buckets where id = 'storyboard-images'");
    const { message, remedy } = only(await clinic.examine(), "failed", "buckets");
    match(message, /storyboard-images is missing/);
    await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedy mends it");
  });

  await test.step("a bucket that is too narrow", async () => {
    await clinic.sql(
      `update storage.buckets set allowed_mime_types = array['image/png', 'image/gif'],
      file_size_limit = 1048576 where id = 'storyboard-images'`,
    );
    const found = wrong(await clinic.examine());
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "buckets"],
      ["warning", "buckets"],
    ]);
    match(found[0].message, /refuses image\/jpeg, image\/webp/);
    match(found[1].message, /1 MiB at most/);
    for (const { remedy } of found) await clinic.sql(remedy!);
    deepEqual(wrong(await clinic.examine()), [], "the remedies mend it");
    await clinic.sql(
      "update storage.buckets set allowed_mime_types = array['image/*'], file_size_limit = null",
    );
    match(
      only(await clinic.examine(), "failed", "buckets").message,
      /storyboard-videos refuses video\/mp4/,
    );
    await clinic.sql("update storage.buckets set allowed_mime_types = null");
  });

  await test.step("a model that is retired, and others that are not", async () => {
    const model = "veo-3.1-fast-generate-preview";
    simulator.script({ match: { method: "GET", model }, preset: "retired" });
    const { message, remedy } = only(await clinic.examine(), "warning", "provider");
    match(message, /does not have veo-3\.1-fast-generate-preview any more/);
    equal(remedy, "supabase secrets set VIDEO_MODELS=gemini-omni-1.1-flash");
  });

  await test.step("no model left", async () => {
    simulator.script({
      match: { method: "GET", path: /models\/gemini-.*image/ },
      preset: "retired",
      times: 2,
    });
    const { message, remedy } = only(await clinic.examine(), "failed", "provider");
    match(message, /None of the image models/);
    match(remedy!, /^supabase secrets set IMAGE_MODELS=/);
  });

  await test.step("quota that is used up, and trouble at the provider", async () => {
    const models = { method: "GET", path: /models\/gemini-.*image/ };
    simulator.script({ match: models, preset: "quota", times: 2 });
    match(only(await clinic.examine(), "warning", "provider").message, /quota is used up/);
    simulator.script({ match: models, preset: "unavailable", times: 2 });
    match(only(await clinic.examine(), "failed", "provider").message, /overloaded/);
  });

  await test.step("an answer that quotes keys and moves the cursor is shown as plain text", async () => {
    simulator.script({
      match: { method: "GET" },
      times: 4,
      status: 403,
      body: {
        error: { code: 403, message: `\x1b[2J\u202ekey ${simulator.apiKey}\n\rok all is well` },
      },
    });
    const { message } = only(await clinic.examine(), "failed", "provider");
    // deno-lint-ignore no-control-regex -- none of those is to be there
    ok(!/[\x00-\x1f\u202e]/.test(message), JSON.stringify(message));
  });

  await test.step("all is well again", async () => {
    deepEqual(wrong(await clinic.examine()), []);
  });
});

Deno.test("a provider's key that is wrong, and a door that is open", async () => {
  await using clinic = await Clinic.open({
    env: { GOOGLE_GENERATIVE_AI_API_KEY: "wrong-key", ALLOW_PUBLIC_TRIGGER: "true" },
  });
  const { publishableKey } = clinic.stack;
  const key = only(await clinic.examine(), "failed", "provider");
  match(key.message, /refuses the API key: API key not valid/);
  equal(key.remedy, "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY");

  const found = wrong(await clinic.examine({ SUPABASE_PUBLISHABLE_KEY: publishableKey }));
  const [door] = found;
  equal(door.check, "authorization");
  match(door.message, /ALLOW_PUBLIC_TRIGGER is on/);
  equal(door.remedy, "supabase secrets unset ALLOW_PUBLIC_TRIGGER");
});

Deno.test("a function that is not deployed, and one without its secret", async () => {
  const folder = await withoutVideos();
  try {
    await using clinic = await Clinic.open({
      functionsRoot: `${folder}/supabase/functions`,
      env: { GOOGLE_GENERATIVE_AI_API_KEY: "", IMAGE_CONCURRENCY: "many" },
    });
    const findings = await clinic.examine();
    const found = wrong(findings);
    deepEqual(found.map(({ status, check }) => [status, check]), [
      ["failed", "functions"],
      ["failed", "functions"],
    ]);
    match(found[0].message, /GOOGLE_GENERATIVE_AI_API_KEY is not set; IMAGE_CONCURRENCY must be/);
    equal(
      found[0].remedy,
      "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=VALUE IMAGE_CONCURRENCY=VALUE",
    );
    match(found[1].message, /process-video-generation is not deployed/);
    equal(found[1].remedy, "supabase functions deploy process-video-generation");
    deepEqual(checksOf(findings, "skipped"), ["authorization", "provider"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The functions' folder as it would be with one of them only. */
async function withoutVideos(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const copy = async (path: string) => {
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    for await (const { name, isFile } of Deno.readDir(new URL(path, ROOT))) {
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
