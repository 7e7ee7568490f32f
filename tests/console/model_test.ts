/** What the console makes of what the database answers, without a browser. */

import assert from "node:assert/strict";
import { Board } from "../../console/data/board.js";
import { priceOf } from "../../console/model/price.js";
import { pauseAfter } from "../../console/data/poller.js";
import { routeOf } from "../../console/lib/route.js";
import { dollars, duration, link } from "../../console/lib/text.js";
import { answerOf } from "../../console/model/answer.js";
import { KNOWN_FIELDS, readBatch, unknownFields } from "../../console/model/batch.js";
import { cardsOf, emptyCard, nameOf } from "../../console/model/cards.js";
import { draftOf, messageOf } from "../../console/model/draft.js";
import { formatOf } from "../../console/model/picture.js";
import { progressOf } from "../../console/model/progress.js";
import { remediesOf } from "../../console/model/remedy.js";
import { seriesOf, summaryOf, tickText, timeText } from "../../console/model/series.js";
import { standingOf } from "../../console/model/standing.js";
import { stepsOf } from "../../console/model/steps.js";
import { priceText, sumOf } from "../../console/views/price.js";
import type { LiveJob } from "../../console/model/types.d.ts";

const NOW = Date.parse("2026-11-01T12:00:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const LATENCY = { kind: "image" as const, took_p50_seconds: 10, took_p95_seconds: 30 };

function job(fields: Partial<LiveJob>): LiveJob {
  return {
    ...{ id: "1", kind: "image", status: "queued", storyboard_id: "sb", scene_id: null },
    ...{ character_id: null, prompt: "p", attempts: 0, model: null, source: null, position: 1 },
    ...{ held: null, visible_at: at(-1), error_code: null, error_message: null },
    ...{ enqueued_at: at(-60), started_at: null, submitted_at: null },
    ...fields,
  };
}

Deno.test("progress goes by the latencies of the day and never ends by itself", () => {
  const after = (seconds: number) => progressOf({ started_at: at(-seconds) }, NOW, LATENCY);
  assert.equal(after(0)?.fraction, 0);
  assert.equal(after(5)?.left, 5);
  const parts = [0, 5, 10, 20, 60, 3600].map((seconds) => after(seconds)!.fraction);
  assert.deepEqual(parts, parts.toSorted((one, other) => one - other));
  assert.ok(parts.at(-1)! < 1);
  assert.equal(after(11)?.left, 0);
  assert.equal(progressOf({ started_at: null }, NOW, LATENCY), undefined);
  assert.equal(progressOf({ started_at: at(-1) }, NOW, undefined), undefined);
});

Deno.test("a job says how it stands, why it waits and until when", () => {
  const standing = (fields: Partial<LiveJob>) => {
    const { tone, word, detail } = standingOf(job(fields), { now: NOW, latency: LATENCY });
    return `${tone}: ${word}: ${detail}`;
  };
  const time = new Date(NOW + 60_000).toLocaleTimeString([], { timeStyle: "medium" });
  const resting = { by: "model" as const, model: "m", state: "resting", until: at(60), code: "c" };
  const limit = { by: "limit" as const, model: "m", limit: "requests_per_minute" as const };

  assert.equal(standing({}), "queued: Queued: number 1");
  assert.equal(standing({ position: null }), "queued: Queued: behind a thousand others");
  assert.equal(
    standing({ status: "running", started_at: at(-4), attempts: 2 }),
    "working: Generating: about 6 s left, attempt 2",
  );
  assert.equal(
    standing({ status: "waiting", started_at: at(-40) }),
    "working: Waiting for Google: longer than usual",
  );
  assert.equal(
    standing({ held: { ...resting, reason: "overloaded" } }),
    `held: Resting: m until ${time}: overloaded`,
  );
  assert.equal(
    standing({ held: { ...resting, until: at(-1) } }),
    "held: Resting: m, being probed: c",
  );
  assert.equal(
    standing({ held: { ...limit, most: 3, until: at(60) } }),
    `held: Held by a limit: m: 3 a minute, next at ${time}`,
  );
  assert.equal(standing({ held: { ...limit, most: 0 } }), "held: Held by a limit: m is stopped");
  assert.equal(standing({ visible_at: at(60) }), `queued: Delayed: until ${time}`);
  assert.equal(
    standing({ visible_at: at(60), error_code: "storage_failed", error_message: "full" }),
    `held: Tries again at ${time}: full`,
  );
});

Deno.test("jobs join the cards of what they are for, in the order of their numbers", () => {
  const entity = { title: null, image: null, video: null, images: 0, videos: 0, failures: [] };
  const cards = cardsOf(
    [
      { ...entity, slot: "scene", id: "scene-10" },
      { ...entity, slot: "scene", id: "scene-2" },
      { ...entity, slot: "job", id: "newest" },
      { ...entity, slot: "job", id: "c" },
      { ...entity, slot: "job", id: "oldest" },
    ],
    [
      job({ id: "a", scene_id: "scene-10", character_id: "ada" }),
      job({ id: "b", scene_id: "new" }),
      job({ id: "e" }),
      job({ id: "c" }),
    ],
  );
  assert.deepEqual(cards.scenes.map(({ id, jobs }) => [id, jobs.length]), [
    ["new", 1],
    ["scene-2", 0],
    ["scene-10", 1],
  ]);
  assert.deepEqual(cards.characters.map(({ id }) => id), ["ada"]);
  // Those without an id of their own: as they were sent, then the live ones as they are answered.
  assert.deepEqual(cards.others.map(({ id }) => id), ["oldest", "newest", "e", "c"]);
});

Deno.test("a batch is read in each of its forms", () => {
  const read = (text: string) => readBatch(text, { storyboard: "sb", kind: "video" });
  assert.deepEqual(read('["a lion"]').entries, [
    { label: "[0]", kind: "video", message: { storyboardId: "sb", prompt: "a lion" } },
  ]);
  const both = read('\uFEFF{"storyboardId": "x", "images": [{"prompt": "p"}], "videos": ["v", 7]}');
  assert.deepEqual(both.entries.map(({ label, kind, message }) => [label, kind, message]), [
    ["images[0]", "image", { storyboardId: "x", prompt: "p" }],
    ["videos[0]", "video", { storyboardId: "x", prompt: "v" }],
    ["videos[1]", "video", 7],
  ]);
  assert.match(read("{").fault!, /^This is not JSON: /);
  assert.equal(read('{"images": 5}').fault, "images: expected a list.");
  for (const nothing of ["[]", "{}", "null", "7"]) {
    assert.match(read(nothing).fault!, /^Expected a list of messages/);
  }
});

Deno.test("what a batch has beside its lists is named, whatever else is wrong", () => {
  const read = (text: string) => readBatch(text, { storyboard: "sb", kind: "image" });
  const misspelled = read('{"storyboardId": "x", "image": ["p"], "title": "t"}');
  assert.match(misspelled.fault!, /^Expected a list of messages/);
  assert.deepEqual(misspelled.beside, ["image", "title"]);
  assert.deepEqual(read('{"storyboardId": "x", "images": [], "videos": ["v"]}').beside, []);
  assert.equal(read('["p"]').beside, undefined);
});

Deno.test("what the provider answered is said in words, as far as the ledger has it", () => {
  const made = { status: "succeeded", kind: "image", model: "m" };
  assert.equal(answerOf(made), "m made an image.");
  assert.equal(
    answerOf({
      ...{ ...made, content_type: "image/png", generation_seconds: 5.6 },
      usage: { promptTokenCount: 15, candidatesTokenCount: 1290, totalTokenCount: 1305 },
    }),
    "m made an image (image/png) in 6 s. It counted 1,305 tokens: 15 of the prompt, 1,290 of the result.",
  );
  const usage = { total_output_tokens: 46336, total_thought_tokens: 1, details: [{}] };
  assert.equal(
    answerOf({ ...made, kind: "video", usage }),
    "m made a video. It counted tokens: 46,336 of the result, 1 of thoughts.",
  );
  assert.equal(
    answerOf({ ...made, usage: { total_tokens: 1 } }),
    "m made an image. It counted 1 token.",
  );
  for (const none of [{ status: "failed" }, { status: "running" }, { model: null }]) {
    assert.equal(answerOf({ ...made, ...none }), "");
  }
});

Deno.test("the fields that are known are those that the core reads", async () => {
  const types = await Deno.readTextFile(
    new URL("../../pkg/generation_queue.d.ts", import.meta.url),
  );
  // An interface may be declared in parts.
  const fieldsOf = (name: string): string[] =>
    [...types.matchAll(
      new RegExp(`export interface ${name}(?: extends (\\w+))? \\{(?:\\}|(.*?)\\n\\})`, "gs"),
    )].flatMap(([, base, body = ""]) => [
      ...(base ? fieldsOf(base) : []),
      ...[...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, field]) => field),
    ]);
  const ofDatabase = ["owner", "webhookUrl"];
  for (const [kind, name] of [["image", "ImageJob"], ["video", "VideoJob"]] as const) {
    assert.deepEqual(KNOWN_FIELDS[kind].toSorted(), [...fieldsOf(name), ...ofDatabase].toSorted());
  }
  assert.deepEqual(unknownFields("image", { promt: "p", storyboardId: "s" }), ["promt"]);
  assert.deepEqual(unknownFields("video", 7), []);
});

Deno.test("a message that was sent comes back from its form as it was", () => {
  const messages: ["image" | "video", Record<string, unknown>][] = [
    ["image", { sceneId: "1", characterId: "ada", prompt: "p", owner: "o", seed: 7, colour: [1] }],
    ["image", { characterId: "ada", prompt: "p", editMode: true, sourceImageUrls: ["a", "b"] }],
    ["image", { prompt: "p", sourceImageUrl: "a", editMode: "yes" }],
    ["video", { sceneId: "1", prompt: "p", sourceImageUrl: "a", generateAudio: false }],
    ["video", { prompt: "p", referenceImageUrls: ["a"], durationSeconds: "4" }],
  ];
  for (const [kind, fields] of messages) {
    const message = { storyboardId: "sb", ...fields };
    const { target: { storyboard, slot, id }, draft } = draftOf({ kind, message });
    assert.deepEqual(messageOf({ ...draft, storyboardId: storyboard, slot, id }), message);
  }
  const nulls = { sceneId: null, seed: null, owner: null, sourceImageUrl: null };
  for (const kind of ["image", "video"] as const) {
    const message = { storyboardId: "sb", characterId: "hero", prompt: "p" };
    assert.deepEqual(
      draftOf({ kind, message: { ...nulls, ...message } }),
      draftOf({ kind, message }),
    );
  }
  const one = { storyboardId: "sb", prompt: "p", editMode: true, sourceImageUrl: "a" };
  assert.equal(draftOf({ kind: "image", message: one }).draft.fields.sourceImageUrls, "a");
  for (const message of [null, 7, "text", { prompt: 7, sceneId: {} }]) {
    assert.equal(draftOf({ kind: "image", message }).draft.mode, "image");
  }
});

Deno.test("a retry is offered where it may help, and a change where the message is at fault", () => {
  assert.deepEqual(remediesOf("invalid_message"), { change: true, retry: false });
  assert.deepEqual(remediesOf("content_blocked"), { change: true, retry: true });
  assert.deepEqual(remediesOf("storage_failed"), { change: false, retry: true });
  assert.deepEqual(remediesOf(null), { change: false, retry: true });
});

Deno.test("a plot is told in a sentence for each of its names", () => {
  const of = (data: (number | null)[][], bars: boolean) =>
    summaryOf(
      { names: ["a"], data, bars, step: 1, unit: (value) => `${value} s` },
      (at) => `${at}h`,
    );
  assert.deepEqual(of([[1, 2, 3], [0, 4, 1]], true), ["a: 5 s together, at most 4 s at 2h."]);
  assert.deepEqual(of([[1, 2, 3], [null, 4, 2]], false), ["a: from 2 s to 4 s at 2h; last, 2 s."]);
  assert.deepEqual(of([[1, 2], [null, 4]], false), ["a: 4 s at 2h."]);
  assert.deepEqual(of([[1], [0]], true), ["a: none."]);
  assert.deepEqual(of([[1], [null]], false), ["a: none."]);
});

Deno.test("a form sends the fields of its mode alone", () => {
  const fields = {
    ...{ prompt: "p", sourceImageUrls: "http://a\nhttp://b", sourceImageUrl: "http://c" },
    ...{ seed: "7", priority: "high", generateAudio: "false", durationSeconds: "4" },
  };
  const message = (mode: "image" | "edit" | "video" | "animate", slot = "scene") =>
    messageOf({ mode, storyboardId: "sb", slot, id: "1", fields });
  const common = { storyboardId: "sb", prompt: "p", seed: 7, priority: "high" };
  assert.deepEqual(message("image", "none"), common);
  assert.deepEqual(message("edit", "character"), {
    ...common,
    ...{ characterId: "1", editMode: true, sourceImageUrls: ["http://a", "http://b"] },
  });
  assert.deepEqual(message("animate"), {
    ...common,
    ...{ sceneId: "1", sourceImageUrl: "http://c", generateAudio: false, durationSeconds: "4" },
  });
});

Deno.test("the steps of a job stand in the order of their times", () => {
  const steps = stepsOf({
    ...{ enqueued_at: at(0), started_at: at(2), finished_at: at(9), status: "failed" },
    error_message: "refused",
    history: [{
      ...{ at: at(5), event: "deferred", error_code: "quota", error_message: "used up" },
      ...{ attempt: 2, counted: false, waits_for: "m", spent_usd: 0.039, extra: [1] },
    }],
  });
  assert.deepEqual(steps.map(({ name, after }) => [name, after]), [
    ["Sent", undefined],
    ["Claimed by a worker", 2],
    ["Deferred", 3],
    ["Failed", 4],
  ]);
  assert.equal(
    steps[2].detail,
    "quota: used up, attempt 2, which does not count, waits for m, $0.039 spent, extra: [1]",
  );
  assert.equal(steps[3].detail, "refused");
});

Deno.test("a plot has a column for each name, and a row for every hour", () => {
  const rows = [{ hour: at(0), n: 2 }, { hour: at(0), n: 3 }, { hour: at(7200), n: 9 }];
  const to = NOW / 1000;
  const of = (rows: { hour: string; n: number }[], missing: 0 | null) =>
    seriesOf(rows, {
      time: "hour",
      columns: { n: ({ n }) => n },
      unit: String,
      range: { from: to - 3600, to, step: 3600, missing },
    }).data;
  assert.deepEqual(of(rows, 0), [[to - 3600, to], [0, 5]]);
  assert.deepEqual(of(rows, null), [[to - 3600, to], [null, 5]]);
  assert.deepEqual(of([], 0), [[], []]);
});

Deno.test("an address is a view, whatever its ids are", () => {
  assert.deepEqual(routeOf(""), { view: "storyboards" });
  assert.deepEqual(routeOf("#/storyboard/a%2Fb"), { view: "storyboard", storyboard: "a/b" });
  assert.deepEqual(routeOf("#/storyboard/sb/scene/1"), {
    ...{ view: "entity", storyboard: "sb", slot: "scene", id: "1" },
  });
  assert.deepEqual(routeOf("#/storyboard/%E0%A4%A"), {
    view: "storyboard",
    storyboard: "%E0%A4%A",
  });
  assert.deepEqual(routeOf("#/send/"), { view: "send", storyboard: "" });
  assert.deepEqual(routeOf("#/again/1"), { view: "again", job: "1" });
  assert.deepEqual(routeOf("#/failed/image/no_image"), {
    ...{ view: "failed", kind: "image", code: "no_image" },
  });
  for (
    const address of [
      "#/nothing",
      "#/job/",
      "#/queue/1",
      "#/failed/image",
      "#/storyboard/a/props/1",
    ]
  ) {
    assert.deepEqual(routeOf(address), { view: "unknown", address });
  }
});

Deno.test("numbers are said in words, and only addresses of the web are links", () => {
  assert.deepEqual([4, 75, 600, 5400, 259200].map(duration), [
    ...["4 s", "1 min 15 s", "10 min", "1 h 30 min", "3 days"],
  ]);
  assert.deepEqual([0, 0.039, 1.2, 1234].map(dollars), ["$0.00", "$0.039", "$1.20", "$1,234.00"]);
  assert.deepEqual(["https://a", "javascript:alert(1)", 7, null].map(link), [
    ...["https://a", undefined, undefined, undefined],
  ]);
  assert.deepEqual([1, 2, 3, 9].map(pauseAfter), [1, 2, 4, 30]);
});

Deno.test("a price that is not known says why", () => {
  const ok = (model: string) => ({ model, state: "ok" });
  const none = { lowestUsd: null, highestUsd: null };
  const first = priceOf({ ...none, models: [], unknown: "the models are not known" }, []);
  assert.equal(
    priceText(first),
    "The price is not known: workers name their models when they first run",
  );
  const models = [{ model: "tuned", usd: null }, { model: "other", usd: 0.1 }];
  const unknown = "no price is known for tuned";
  const tuned = priceOf(
    { lowestUsd: 0.1, highestUsd: 0.1, models, unknown },
    models.map((each) => ok(each.model)),
  );
  assert.equal(priceText(tuned), "The price is not known: no price is known for tuned");
  const known = priceOf({ lowestUsd: 0.1, highestUsd: 0.1, models: [models[1]] }, [ok("other")]);
  assert.equal(priceText(known), "Costs about $0.10");
  assert.equal(priceText(sumOf([known, tuned, known])), priceText(tuned));
  assert.equal(priceText(sumOf([known, known])), "Costs about $0.20");
});

Deno.test("a storyboard of which not everything was read says so", async () => {
  const more = { jobs: false, entities: false };
  const answers: Record<string, () => unknown> = {
    generation_live_jobs: () => ({ now: at(0), changed_at: at(0), jobs: [], more: more.jobs }),
    generation_storyboard: () => ({ entities: [], more: more.entities }),
  };
  const project = {
    call: (name: string) => Promise.resolve(answers[name]()),
    rows: () => Promise.resolve([]),
  };
  const read = async (board = new Board(project as never, "sb")) => {
    await board.refresh();
    return board;
  };
  assert.equal((await read()).more, false);
  more.entities = true;
  const board = await read();
  assert.equal((await read(board)).more, true, "also when its entities are not read again");
  Object.assign(more, { jobs: true, entities: false });
  assert.equal((await read()).more, true);
});

Deno.test("a picture is known by its bytes, as the workers know it", () => {
  const of = (text: string) =>
    formatOf(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  assert.equal(of("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "png");
  assert.equal(of("\xff\xd8\xff\xe0\0\x10JFIF"), "jpeg");
  assert.equal(of("RIFF\x24\0\0\0WEBPVP8 "), "webp");
  assert.equal(of("\0\0\0\x18ftypheic\0\0\0\0"), "heic");
  assert.equal(of("\0\0\0\x18ftypmif1\0\0\0\0"), "heif");
  const others = ["", "<svg/>", "GIF89a\x01\0", "RIFF\x24\0\0\0WAVEfmt ", "%PDF-1.7"];
  for (const other of [...others, "\0\0\0\x18ftypavif", "\0\0\0\x20ftypisom\0\0\x02\0"]) {
    assert.equal(of(other), undefined, other);
  }
});

Deno.test("of two readings of one job the later one is shown", async () => {
  const live = {
    now: at(0),
    changed_at: at(0),
    jobs: [job({ id: "a", scene_id: "1" })],
    more: false,
  };
  const scene = { slot: "scene", id: "1", title: null, image: null, video: null };
  const failed = { job_id: "a", url: "", kind: "image", error_code: "c" };
  const project = {
    call: (name: string) =>
      Promise.resolve(
        name === "generation_live_jobs"
          ? structuredClone(live)
          : { entities: [{ ...scene, failures: [failed] }], more: false },
      ),
    rows: () => Promise.resolve([]),
  };
  const board = new Board(project as never, "sb");
  const shown = async () => {
    await board.refresh();
    const { jobs, failures } = board.card("scene:1")!;
    return [jobs.length, failures.length, board.jobs.length];
  };
  assert.deepEqual(await shown(), [0, 1, 0], "it has failed since it was read as live");
  live.jobs = [];
  assert.deepEqual(await shown(), [0, 1, 0]);
  live.jobs = [job({ id: "a", scene_id: "1" })];
  assert.deepEqual(await shown(), [1, 0, 1], "it was redriven");
});

Deno.test("a card goes by its title or id, and a job that stands alone by the first words of its prompt", () => {
  const long = "A lighthouse on a cliff at night, waves below it, seen from the sea";
  const of = (slot: "scene" | "job", fields = {}) => nameOf({ ...emptyCard(slot, "1"), ...fields });
  assert.equal(of("scene", { image: { url: "", prompt: long } }), "1");
  assert.equal(of("scene", { title: "Arrival" }), "Arrival");
  assert.equal(
    of("job", { image: { url: "", prompt: long } }),
    "A lighthouse on a cliff at night, waves below…",
  );
  assert.equal(of("job", { failures: [{ url: "", prompt: " Short " }] }), "Short");
  assert.equal(of("job", { jobs: [job({ prompt: "灯".repeat(60) })] }), `${"灯".repeat(48)}…`);
  assert.equal(of("job", { jobs: [job({ prompt: null, kind: "video" })] }), "Video");
  assert.equal(of("job", { image: { url: "" } }), "Image");
});

Deno.test("a time of a plot says its day where others of the plot have the same hour", () => {
  const HOUR = 3600;
  const seconds = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime() / 1000;
  const ticks = [28, 29].flatMap((day) =>
    [0, 12].map((hour) => tickText(seconds(day, hour), HOUR))
  );
  assert.equal(new Set(ticks).size, 3, `${ticks}: each midnight is that of a day`);
  assert.notEqual(timeText(seconds(28, 8), HOUR), timeText(seconds(29, 8), HOUR));
  const day = Date.UTC(2026, 10, 28) / 1000;
  assert.equal(timeText(day, 24 * HOUR), tickText(day, 24 * HOUR));
});
