/** When the console asks, and whether it hears, without a browser and on virtual time. */
/// <reference lib="dom" />

import assert from "node:assert/strict";
import { mock } from "node:test";
import { Board } from "../../console/data/board.js";
import { Changes } from "../../console/data/changes.js";
import { Poller } from "../../console/data/poller.js";
import { Answers } from "./answers.ts";

/** Lets time pass, and what is due happen. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    mock.timers.tick(50);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

/** What a page has: a document, and a clock that stands still. */
async function inPage(run: (document: { hidden: boolean }) => Promise<void>): Promise<void> {
  const document = Object.assign(new EventTarget(), { hidden: false });
  Object.assign(globalThis, { document });
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { now } = performance;
  performance.now = Date.now;
  try {
    await run(document);
  } finally {
    performance.now = now;
    mock.timers.reset();
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("changes without end are read with a pause between, and not while no one sees the page", () =>
  inPage(async (document) => {
    const asked: number[] = [];
    const ended = Promise.withResolvers<void>();
    const poller = new Poller(async () => {
      asked.push(Date.now());
      if (asked.length === 2) await ended.promise;
      return 15;
    }, () => {});
    await pass(5000);
    assert.equal(asked.length, 1);

    poller.soon();
    await pass(50);
    assert.equal(asked.length, 2, "the first change is read at once");
    poller.soon();
    ended.resolve();
    for (let change = 0; change < 20; change++) {
      await pass(500);
      poller.soon();
    }
    const pauses = asked.slice(1).map((at, index) => at - asked[index]).slice(1);
    assert.ok(pauses.length >= 5 && pauses.every((pause) => pause >= 1500), `${pauses}`);

    document.hidden = true;
    const { length } = asked;
    await pass(10_000);
    poller.soon();
    await pass(10_000);
    assert.equal(asked.length, length);
    poller.stop();
  }));

Deno.test("while the project does not answer, changes do not have it asked more often", () =>
  inPage(async () => {
    let asked = 0;
    const poller = new Poller(() => {
      asked++;
      return Promise.reject(new Error("gone"));
    }, () => {});
    for (let change = 0; change < 100; change++) {
      await pass(100);
      poller.soon();
    }
    assert.equal(asked, 4, "after 1, 2, 4 and 8 seconds");
    poller.stop();
  }));

Deno.test("scenes that the project has changed by itself are seen within a minute, and not asked for often", () =>
  inPage(async () => {
    let title = "before";
    const scene = { slot: "scene", id: "1", image: null, video: null, failures: [] };
    const project = new Answers((name) => {
      if (name === "generation_live_jobs") {
        return { now: new Date().toISOString(), changed_at: null, jobs: [], more: false };
      }
      return name === "generation_storyboard" ? { entities: [{ ...scene, title }] } : [];
    });
    const board = new Board(project, "sb");
    const asked = () => project.asked.filter(([name]) => name === "generation_storyboard").length;
    await board.refresh();
    title = "after";
    await pass(59_000);
    await board.refresh();
    assert.deepEqual([board.card("scene:1")?.title, asked()], ["before", 1]);
    await pass(2000);
    await board.refresh();
    assert.deepEqual([board.card("scene:1")?.title, asked()], ["after", 2]);
  }));

Deno.test("changes are heard when the subscription says so, and no longer than it does", () =>
  inPage(async () => {
    let socket!: { onmessage(event: { data: string }): void };
    const { WebSocket } = globalThis;
    const Socket = function (this: typeof socket) {
      Object.assign(socket = this, { close() {} });
    };
    Object.assign(globalThis, { WebSocket: Socket });
    try {
      let told = 0;
      const changes = new Changes("http://console/project", () => told++);
      const hear = (event: string, payload: unknown) =>
        socket.onmessage({ data: JSON.stringify({ topic: "realtime:console", event, payload }) });
      const subscription = (status: string) =>
        hear("system", { extension: "postgres_changes", status });
      const join = () => hear("phx_reply", { status: "ok", response: {} });

      join();
      assert.equal(changes.connected, false, "the channel alone says nothing");
      hear("system", { extension: "system", status: "ok" });
      assert.equal(changes.connected, false);
      subscription("error");
      assert.equal(changes.connected, false);
      subscription("ok");
      assert.equal(changes.connected, true);
      join();
      assert.equal(changes.connected, true, "the reply may come later");
      await pass(1000);
      assert.equal(told, 1, "what changed before is read");
      hear("postgres_changes", {});
      hear("postgres_changes", {});
      await pass(1000);
      assert.equal(told, 2);
      subscription("error");
      assert.equal(changes.connected, false);
      changes.close();
    } finally {
      Object.assign(globalThis, { WebSocket });
    }
  }));
