/** What the console has done, without a browser: which requests it makes, and what it says of their answers. */

import assert from "node:assert/strict";
import { runWorkers } from "../../console/data/actions.js";
import { sendBatch } from "../../console/data/batch.js";
import { cancelAll } from "../../console/data/cancel.js";
import { Problem, Project } from "../../console/data/project.js";
import { redrive, redriveAll } from "../../console/data/redrive.js";
import { Answers, type Arguments } from "./answers.ts";

const PNG = Uint8Array.fromHex("89504e470d0a1a0a0000000d");

const idsOf = (quantity: number) =>
  Array.from({ length: quantity }, (_, number) => String(number).padStart(6, "0"));

Deno.test("of the jobs that failed for a reason, those of one kind are redriven, in portions", async () => {
  const failed = idsOf(1700);
  const project = new Answers((name, args) => {
    if (name === "generation_jobs") {
      assert.equal(args.queue, "eq.video_generation_queue");
      assert.equal(args.error_code, "eq.content_blocked");
      const after = String(args.id ?? "gt.").slice(3);
      // A project may answer fewer rows than are asked for.
      return failed.filter((id) => id > after).slice(0, 600).map((id) => ({ id }));
    }
    assert.equal(name, "redrive_generation_jobs");
    return args.job_ids;
  });
  const said = await redriveAll(project, { kind: "video", error_code: "content_blocked" });
  assert.equal(said, "1,700 jobs are on the queue again.");
  const portions = project.asked.filter(([name]) => name === "redrive_generation_jobs")
    .map(([, args]) => args.job_ids as string[]);
  assert.deepEqual(portions.map(({ length }) => length), [500, 500, 500, 200]);
  assert.deepEqual(portions.flat(), failed);
});

Deno.test("only of jobs that were not redriven is asked why", async () => {
  const project = new Answers((name, args) => {
    if (name === "redrive_generation_jobs") return ["a"];
    assert.deepEqual(args.job_ids, ["b"]);
    return [{ job_id: "b", reason: "it is running" }];
  });
  assert.equal(
    await redrive(project, ["a", "b"]),
    "1 job is on the queue again. 1 left out: it is running.",
  );
  const all = new Answers((_, args) => args.job_ids);
  assert.equal(await redrive(all, ["a"]), "1 job is on the queue again.");
  assert.deepEqual(all.asked.map(([name]) => name), ["redrive_generation_jobs"]);
});

Deno.test("an error between two portions keeps what was redriven", async () => {
  let calls = 0;
  const project = new Answers((_, args) => {
    if (++calls === 2) throw new Problem("refused", "It took too long.", "Try again.");
    return args.job_ids;
  });
  await assert.rejects(redrive(project, idsOf(700)), {
    message: "500 jobs are on the queue again. Then: It took too long. Try again.",
  });
});

Deno.test("cancelling many says how many were cancelled, also when it is interrupted", async () => {
  const ended = ["000001", "000004"];
  let atATime = 0;
  const answer = async (args: Arguments) => {
    assert.ok(++atATime <= 4, "a few requests at a time");
    await Promise.resolve();
    atATime--;
    return { cancelled: !ended.includes(String(args.job_id)), status: "succeeded" };
  };
  const done: number[] = [];
  const some = new Answers((_, args) => answer(args));
  const said = await cancelAll(some, idsOf(9), (number) => done.push(number));
  assert.equal(said, "7 of 9 jobs cancelled. 2 had ended.");
  assert.deepEqual(done, [1, 2, 3, 4, 5, 6, 7, 8, 9]);

  const all = new Answers(() => ({ cancelled: true, status: "cancelled" }));
  assert.equal(await cancelAll(all, ["a"], () => {}), "1 job cancelled.");

  const interrupted = new Answers((_, args) => {
    if (Number(args.job_id) >= 4) throw new Problem("unreachable", "It is gone.", "");
    return { cancelled: true, status: "cancelled" };
  });
  await assert.rejects(cancelAll(interrupted, idsOf(100), () => {}), {
    message: "4 of 100 jobs cancelled. Then: It is gone.",
  });
  assert.ok(interrupted.asked.length <= 8, "the others are not asked for any more");
});

Deno.test("a batch that was interrupted goes on, however it was corrected, and the next one is another", async () => {
  const jobs = new Map<unknown, unknown>();
  let failing = "";
  const project = new Answers((_, { message, idempotency_key }) => {
    const text = JSON.stringify(message);
    if (text.includes(failing)) throw new Problem("unreachable", "It is gone.", "");
    assert.equal(jobs.get(idempotency_key) ?? text, text, "a key is of one message");
    jobs.set(idempotency_key, text);
    return [{ job_id: "id" }];
  });
  const batch = (...prompts: string[]) =>
    prompts.map((prompt) => ({ label: "", kind: "image" as const, message: { prompt } }));

  failing = "wrong";
  await assert.rejects(sendBatch(project, batch("a", "b", "wrong", "a", "c"), () => {}), {
    message: "2 of 5 jobs sent. Then: It is gone. " +
      "Send the batch again: it continues where it stopped.",
  });
  failing = "never";
  const progress: number[] = [];
  await sendBatch(project, batch("right", "a", "b", "a", "c"), (sent) => progress.push(sent));
  assert.deepEqual(progress, [0, 1, 2, 3, 4]);
  assert.equal(jobs.size, 5);
  await sendBatch(project, batch("a", "b"), () => {});
  assert.equal(jobs.size, 7);
});

Deno.test("a call without an answer in time may have been done, and an upload has more time", async () => {
  const { fetch } = globalThis;
  const { timeout } = AbortSignal;
  const allowed: number[] = [];
  AbortSignal.timeout = (milliseconds) => {
    allowed.push(milliseconds);
    return timeout.call(AbortSignal, 0);
  };
  globalThis.fetch = (_, init) =>
    new Promise((_, reject) => {
      const { signal } = init!;
      signal!.onabort = () => reject(signal!.reason);
    });
  try {
    const project = new Project({ url: "http://project" });
    await assert.rejects(project.call("redrive_generation_jobs"), {
      kind: "unanswered",
      message: "http://project has not answered within 30 s.",
      remedy: /^What was asked of it may have been done/,
    });
    const picture = new File([PNG], "one.png");
    await assert.rejects(project.upload("sb", picture), { kind: "unanswered" });
    assert.deepEqual(allowed, [30_000, 180_000]);
    globalThis.fetch = () => Promise.reject(new TypeError("refused"));
    await assert.rejects(project.call("generation_metrics"), { kind: "unreachable" });
  } finally {
    Object.assign(globalThis, { fetch });
    AbortSignal.timeout = timeout;
  }
});

Deno.test("a worker is started for each queue, and not waited for", async () => {
  const { fetch } = globalThis;
  const called: [string, string | undefined, string | null][] = [];
  globalThis.fetch = (url, init) => {
    const { pathname } = new URL(String(url));
    called.push([pathname, init!.method, new Headers(init!.headers).get("prefer")]);
    return Promise.resolve(Response.json({}, { status: 202 }));
  };
  try {
    const project = new Project({ url: "http://project" });
    assert.equal(await runWorkers(project), "Both workers were started.");
    assert.deepEqual(called, [
      ["/functions/v1/process-image-generation", "POST", "respond-async"],
      ["/functions/v1/process-video-generation", "POST", "respond-async"],
    ]);
    globalThis.fetch = () => Promise.resolve(Response.json({}, { status: 404 }));
    await assert.rejects(runWorkers(project), { remedy: /supabase functions deploy/ });
  } finally {
    Object.assign(globalThis, { fetch });
  }
});

Deno.test("a secret key is no bearer token, and a legacy key has to be one", async () => {
  const { fetch } = globalThis;
  const sent: (string | null)[][] = [];
  globalThis.fetch = (_, init) => {
    const headers = new Headers(init!.headers);
    sent.push(["apikey", "authorization"].map((name) => headers.get(name)));
    return Promise.resolve(Response.json([]));
  };
  try {
    for (const key of ["sb_secret_example", "legacy.example.key", undefined]) {
      await new Project({ url: "http://project", key }).rows("generation_limits");
    }
  } finally {
    Object.assign(globalThis, { fetch });
  }
  assert.deepEqual(sent, [
    ["sb_secret_example", null],
    ["legacy.example.key", "Bearer legacy.example.key"],
    [null, null],
  ]);
});

Deno.test("a file that can be no source is not sent, and one that can is sent as what it is", async () => {
  const { fetch } = globalThis;
  const sent: [string, string | null][] = [];
  globalThis.fetch = (url, init) => {
    sent.push([String(url), new Headers(init!.headers).get("content-type")]);
    return Promise.resolve(Response.json({}));
  };
  try {
    const project = new Project({ url: "http://project" });
    const upload = (bytes: BlobPart[], name: string, type: string) =>
      project.upload("sb", new File(bytes, name, { type }));
    const kinds = "Expected a PNG, JPEG, WebP, HEIC or HEIF.";
    const large = new Uint8Array(20 * 1024 * 1024);
    await assert.rejects(upload(["hello"], "notes.txt", "text/plain"), {
      message: `notes.txt is no picture. ${kinds}`,
    });
    await assert.rejects(upload(["GIF89a"], "moving.png", "image/png"), {
      message: `moving.png is no picture. ${kinds}`,
    });
    await assert.rejects(upload([PNG, large], "large.png", "image/png"), {
      message: "large.png has 20.1 MB. Expected at most 20 MB.",
    });
    const folder = new File([], "pictures");
    folder.slice = () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) as never;
    await assert.rejects(project.upload("sb", folder), { message: /^pictures cannot be read/ });
    assert.equal(sent.length, 0);

    const address = await upload([PNG, large.subarray(PNG.length)], "one.txt", "text/plain");
    assert.match(address, /\/sb\/sources\/[-0-9a-f]{36}\.png$/);
    const [[url, type]] = sent;
    assert.ok(url.endsWith(".png"));
    assert.equal(type, "image/png");
  } finally {
    Object.assign(globalThis, { fetch });
  }
});
