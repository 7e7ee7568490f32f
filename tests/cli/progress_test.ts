/** How jobs are shown while they are worked on. */
import { deepEqual, equal, match } from "node:assert/strict";
import type { Job } from "../../cli/jobs.ts";
import { LineProgress, LiveProgress } from "../../cli/terminal/progress.ts";

const AT = "2026-11-25T12:00:00Z";

function job(changes: Partial<Job>): Job {
  return {
    ...{ id: "1", kind: "image", status: "running", attempts: 1, updated_at: AT, started_at: AT },
    ...{ storyboard_id: "sb", scene_id: "s\x07", character_id: null, prompt: "A\n\u202ehero" },
    ...{ asset_url: null, error_code: null, error_message: null },
    ...changes,
  } as Job;
}

Deno.test("without a terminal each change is a line with time, job and status", () => {
  const lines: string[] = [];
  const progress = new LineProgress((line) => lines.push(line));
  progress.know([job({})]);
  const failed = job({ status: "failed", error_code: "blocked", error_message: "by\x1b[2J\nit" });
  for (const one of [job({}), job({ status: "waiting" }), job({ status: "waiting" }), failed]) {
    progress.show([one], "an overview");
  }
  const time = new Date(AT).toTimeString().slice(0, 8);
  deepEqual(lines, [
    "an overview",
    `${time} 1  image sb/s   the provider is making the video`,
    `${time} 1  image sb/s   failed: blocked: by [2J it`,
  ]);
  progress.show([]);
  progress.show([failed]);
  equal(lines.length, 5, "what was no longer of interest is not remembered");
});

Deno.test("the reason for another attempt is shown, shortened, until that attempt begins", () => {
  const lines: string[] = [];
  const progress = new LineProgress((line) => lines.push(line));
  const error = { error_code: "provider_unavailable", error_message: "so it is ".repeat(40) };
  progress.show([job({ status: "queued", attempts: 1, ...error })]);
  progress.show([job({ status: "running", attempts: 2, ...error })]);
  match(lines[0], / queued again after attempt 1: provider_unavailable: so it is .*…$/);
  equal(lines[0].length < 240, true);
  match(lines[1], / running, attempt 2$/);
});

Deno.test("at a terminal the table is redrawn in place, with messages above it", () => {
  let screen = "";
  const size = { columns: 100, rows: 5 };
  const progress = new LiveProgress({ write: (text) => screen += text, size: () => size });
  progress.show([job({}), job({ id: "2", scene_id: "scene-02" })], "2 running");
  match(screen, /sb\/s .*A hero.*scene-02.*2 running/s);
  screen = "";
  progress.say("a message");
  equal(screen.startsWith("\x1b[3A\x1b[0Ja message\n"), true);
  match(screen, /scene-02.*2 running/s);
  screen = "";
  progress.show(["a", "b", "c", "d"].map((id) => job({ id, scene_id: id })), "4 running");
  equal(screen.match(/image/g)?.length, 2, "what does not fit is left out");
  screen = "";
  progress.finish();
  progress.show([job({ status: "succeeded" })]);
  equal(screen.includes("\x1b[2K"), false);
});
