/** What views make of what they read and of what is typed, without a browser: their templates as text. */
/// <reference lib="dom" />

import assert from "node:assert/strict";
import { openCore } from "../../console/data/core.js";
import { adviceOf } from "../../console/model/remedy.js";
import { failedView } from "../../console/views/failed.js";
import { Form, prefill } from "../../console/views/form.js";
import { jobView } from "../../console/views/job.js";
import { againView, sendView } from "../../console/views/send.js";
import { storyboardsView } from "../../console/views/storyboards.js";
import type { Context } from "../../console/views/view.d.ts";
import { Answers } from "./answers.ts";

/** The values of a template and of those within it, in their order. */
function valuesIn(part: unknown): unknown[] {
  if (Array.isArray(part)) return part.flatMap(valuesIn);
  if (typeof part !== "object" || part === null) return [part];
  const { values, strings } = part as { values?: unknown[]; strings?: string[] };
  if (!values) return [];
  if (strings) return values.flatMap(valuesIn);
  // A list and what makes a template of each.
  const [list, ...make] = values;
  const last = make.at(-1);
  if (!Array.isArray(list) || typeof last !== "function") return values.flatMap(valuesIn);
  return list.flatMap((each, index) => valuesIn(last(each, index)));
}

/** The values that stand after a text of a template. */
function valuesAfter(part: unknown, text: RegExp): unknown[] {
  if (Array.isArray(part)) return part.flatMap((each) => valuesAfter(each, text));
  if (typeof part !== "object" || part === null) return [];
  const { values = [], strings = [] } = part as { values?: unknown[]; strings?: string[] };
  return values.flatMap((value, index) =>
    text.test(strings[index] ?? "") ? [value] : valuesAfter(value, text)
  );
}

function contextOf(project: Answers, refresh = () => {}): Context {
  const act = async (action: () => Promise<unknown>) => void (await action());
  return { project, act, refresh };
}

const typed = (value: string) => ({ target: { value } });
type Listener = (event: ReturnType<typeof typed>) => void;

Deno.test("of two searches the last is shown, and it is asked for in its turn", async () => {
  const board = (storyboard_id: string) => ({
    ...{ storyboard_id, updated_at: null, queued: 0, running: 0, waiting: 0, failed: 0 },
    covers: [],
  });
  const late = Promise.withResolvers<unknown[]>();
  const project = new Answers((_, { search }) => search === "a" ? late.promise : [board("ab")]);
  let asked = 0;
  const view = storyboardsView(contextOf(project, () => asked++));
  const search = (text: string) =>
    (valuesAfter(view.draw(), /@input=$/)[0] as Listener)(typed(text));
  search("a");
  const first = view.refresh();
  search("ab");
  assert.equal(asked, 2);
  assert.equal(project.asked.length, 1, "nothing is asked beside the poller");
  late.resolve([board("a")]);
  await first;
  assert.ok(!valuesIn(view.draw()).includes("a"), "what was asked for before is not shown");
  await view.refresh();
  assert.ok(valuesIn(view.draw()).includes("ab"));
});

const BOARD = { entities: [{ slot: "scene", id: "scene-007", image: null, failures: [] }] };
const NOTHING_LIVE = { now: "2026-01-01T00:00:00Z", changed_at: null, jobs: [], more: false };

Deno.test("what is typed in a message that is sent again stays, though the pictures cannot be read", async () => {
  const id = "00000000-0000-4000-8000-000000000000";
  const message = { storyboardId: "sb", sceneId: "before", prompt: "p" };
  const project = new Answers((name) => {
    if (name === "generation_jobs") return [{ id, kind: "image", storyboard_id: "sb", message }];
    if (name === "generation_job") return null;
    if (name === "generation_standing") return [];
    throw new Error("it takes too long");
  });
  const view = againView(id, contextOf(project));
  await assert.rejects(view.refresh(), /it takes too long/);
  const idField = () => valuesAfter(view.draw(), /id <input name="id" \.value=$/)[0];
  assert.equal(idField(), "before");
  (valuesAfter(view.draw(), /@input=$/)[1] as Listener)(typed("typed"));
  assert.equal(idField(), "typed");
  await assert.rejects(view.refresh(), /it takes too long/);
  assert.equal(idField(), "typed");
  assert.equal(project.asked.filter(([name]) => name === "generation_jobs").length, 1);
});

Deno.test("the next scene is suggested once, and to no character", async () => {
  const project = new Answers((name) => {
    if (name === "generation_live_jobs") return NOTHING_LIVE;
    return name === "generation_storyboard" ? BOARD : [];
  });
  const view = sendView("sb", contextOf(project));
  const idField = () => valuesAfter(view.draw(), /id <input name="id" \.value=$/)[0];
  const type = (text: string) => (valuesAfter(view.draw(), /@input=$/)[1] as Listener)(typed(text));
  const choose = (slot: string) =>
    (valuesAfter(view.draw(), /@change=$/)[0] as Listener)(typed(slot));
  await view.refresh();
  assert.equal(idField(), "scene-008");
  type("");
  await view.refresh();
  assert.equal(idField(), "");
  type("scene-008");
  choose("character");
  assert.equal(idField(), "");
  assert.equal(valuesAfter(view.draw(), /placeholder=$/).at(-1), "hero");
  type("ada");
  choose("scene");
  assert.equal(idField(), "ada", "what was typed stays");
});

Deno.test("what a drop chose is for the form of its address alone", () => {
  const project = new Answers(() => []);
  const target = { storyboard: "sb", slot: "scene", id: "1" };
  const own = { mode: "image" as const, fields: {} };
  const chosen = { mode: "edit" as const, fields: { sourceImageUrls: "https://a" } };
  const address = "#/storyboard/sb/scene/1";
  const draft = () => new Form(contextOf(project), target, address, own).draft;
  prefill({ draft: chosen, address });
  assert.equal(draft(), chosen);
  assert.equal(draft(), own, "once");
  prefill({ draft: chosen, address: "#/storyboard/sb/scene/2" });
  assert.equal(draft(), own);
  prefill({ draft: chosen, address });
  prefill(undefined);
  assert.equal(draft(), own, "not after signing out");
});

Deno.test("what was typed is there when the page is loaded again, until it is sent", async () => {
  let isLost = true;
  const project = new Answers((name) => {
    if (name === "generation_live_jobs") return NOTHING_LIVE;
    if (name === "generation_storyboard") return BOARD;
    if (name !== "enqueue_generation_job") return [];
    if (isLost) throw new Error("no answer");
    return [{ job_id: "1" }];
  });
  const load = () => {
    const view = sendView("typed", contextOf(project));
    const inputs = () => valuesAfter(view.draw(), /@input=$/) as Listener[];
    const texts = () =>
      [/id <input name="id" \.value=$/, /^\s*\.value=$/]
        .map((before) => valuesIn(valuesAfter(view.draw(), before)[0])[0]);
    const submit = () =>
      (valuesAfter(view.draw(), /@submit=$/)[0] as (event: object) => Promise<void>)({
        preventDefault() {},
      });
    return { inputs, texts, submit };
  };
  const [, id, prompt] = load().inputs();
  id(typed("scene-003"));
  prompt(typed("A mill"));
  await openCore();
  const second = load();
  assert.deepEqual(second.texts(), ["scene-003", "A mill"]);
  await assert.rejects(second.submit(), /no answer/);
  isLost = false;
  await load().submit();
  const [first, again] = project.asked.filter(([name]) => name === "enqueue_generation_job");
  assert.deepEqual(again, first, "under the same key");
  assert.deepEqual(load().texts(), ["", ""]);
});

Deno.test("a form offers the values that a model of the workers makes", async () => {
  const target = { storyboard: "sb", slot: "scene", id: "1" };
  const draft = { mode: "video" as const, fields: {} };
  const form = new Form(contextOf(new Answers(() => [])), target, "#/send/offered", draft);
  await openCore();
  const offered = (...models: string[]) => {
    form.standing = models.map((model) => ({ model, kind: "video", state: "ok" }));
    return valuesAfter(form.draw(), /<option value=$/).join(" ");
  };
  const [veo, omni] = ["vertex/veo-3.1-fast-generate-001", "gemini-omni-1.1-flash"];
  const of = (seconds: string, resolutions: string, models: string) =>
    ` 9:16 16:9  ${seconds}  ${resolutions}  true false  allow_all allow_adult  ${models}`;
  assert.equal(offered(veo), of("4 6", "1080p 4k", veo));
  assert.equal(offered(veo, omni), of("3 4 5 6 7 9 10", "360p 1080p 4k", `${veo} ${omni}`));
});

Deno.test("the page of a job says why it waits, or why it has failed and what to do", async () => {
  const id = "00000000-0000-4000-8000-000000000000";
  const common = {
    id,
    kind: "image",
    message: {},
    attempts: 0,
    enqueued_at: "2026-01-01T00:00:00Z",
  };
  const shown = async (row: object, now: object = {}) => {
    const project = new Answers((name) => {
      if (name === "generation_jobs") return [{ ...common, cost_usd: null, ...row }];
      return name === "generation_job" ? now : [];
    });
    const view = jobView(id, contextOf(project));
    await view.refresh();
    return valuesIn(view.draw());
  };
  const waits_for = { by: "limit", model: "m", limit: "requests_per_minute", most: 0 };
  const held = await shown({ status: "queued" }, { position: 3, waits_for });
  assert.ok(held.includes("Held by a limit") && held.includes("m is stopped"));
  const next = await shown({ status: "queued" }, { position: 3, waits_for: null });
  assert.ok(next.includes("Queued") && next.includes("number 3"));
  const error = { error_code: "source_image_unusable", error_message: "no picture" };
  const again = await shown({ status: "running", attempts: 2, ...error });
  assert.ok(again.includes("Generating") && again.includes("Last attempt"));
  assert.ok(again.includes("no picture"));
  const visible_at = new Date(Date.now() + 60_000).toISOString();
  const delayed = await shown({ status: "queued", ...error }, { visible_at });
  assert.equal(delayed.filter((value) => value === "no picture").length, 1, "said once");
  const failed = await shown({ status: "failed", ...error });
  assert.ok(failed.includes("no picture"));
  assert.ok(failed.includes(adviceOf("source_image_unusable")), "what to do");
});

Deno.test("of the failed jobs those are listed that failed last, however long they waited", async () => {
  const jobs = [1, 2, 3].map((n) => ({
    ...{ id: `${n}`, kind: "image", storyboard_id: "sb", scene_id: `s${n}`, error_message: `${n}` },
    ...{ pending_since: `2026-01-0${4 - n}`, finished_at: `2026-01-0${n + 4}` },
  }));
  type Time = "pending_since" | "finished_at";
  const project = new Answers((_name, { order }) => {
    const by = `${order}`.replace(".desc", "") as Time;
    return jobs.toSorted((a, b) => a[by] < b[by] ? 1 : -1);
  });
  const view = failedView({ kind: "image", code: "no_image" }, contextOf(project));
  await view.refresh();
  assert.deepEqual(valuesAfter(view.draw(), /class="words">$/), ["3", "2", "1"]);
});

Deno.test("a source that cannot be shown is there as its address", async () => {
  const id = "00000000-0000-4000-8000-000000000000";
  const sourceImageUrl = "https://example.invalid/hero.png";
  const row = { id, kind: "image", status: "failed", message: { sourceImageUrl }, cost_usd: null };
  const project = new Answers((name) => name === "generation_jobs" ? [row] : null);
  const view = jobView(id, contextOf(project));
  await view.refresh();
  const linked = () => valuesAfter(view.draw(), /rel="noreferrer">$/);
  assert.ok(!linked().includes(sourceImageUrl));
  (valuesAfter(view.draw(), /@error=$/)[0] as () => void)();
  assert.deepEqual(linked(), [sourceImageUrl]);
});
