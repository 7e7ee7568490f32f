/** Answers of whatever server is at the address: no command crashes on them or prints what controls a terminal. */
import { equal, match, ok } from "node:assert/strict";
import type { Job } from "../../cli/jobs.ts";
import { COMMANDS, read } from "../../cli/main.ts";
import { LiveProgress } from "../../cli/terminal/progress.ts";
import { endless } from "../support/endless.ts";
import { serve } from "../support/loopback.ts";
import { environmentFor, jobId, run } from "./support.ts";

const LINES: Record<string, string[]> = {
  image: ["image", "A hero"],
  "image-edit": ["image-edit", "At night", "--source=https://a.example/x.png"],
  video: ["video", "A pan"],
  "batch-images": ["batch-images", "file.json"],
  "batch-videos": ["batch-videos", "file.json"],
  status: ["status"],
  list: ["list"],
  show: ["show", jobId(1)],
  watch: ["watch", "--until-empty"],
  cancel: ["cancel", jobId(1)],
  redrive: ["redrive", jobId(1)],
  choose: ["choose", jobId(1)],
  reset: ["reset"],
  metrics: ["metrics"],
  process: ["process", "images"],
  doctor: ["doctor"],
};

const ANSWERS = [
  ...["[null]", "null", "1", '"text"', "true", "{}", "[]", "[1]", "[[]]", "[[null]]", "[{}]", "{"],
  ...['{"id":null}', '{"error":1}', '{"error":{}}', '{"history":[null]}', '[{"id":{}}]', "", "<p>"],
];

Deno.test("every command ends with an exit code on every foreign answer", async () => {
  for (const { name } of COMMANDS) {
    ok(LINES[name], `${name} has a line`);
    read(LINES[name]);
  }
  for (const body of ANSWERS) {
    for (const status of [200, 500]) {
      await using server = serve(() => new Response(body, { status }));
      for (const line of Object.values(LINES)) {
        for (const json of [[], ["--json"]]) {
          const { code } = await run([...line, ...json], environmentFor(server.url), {
            readFile: () => Promise.resolve(`[{"prompt": "p"}]`),
            closed: () => true,
          }).catch((error) => {
            throw new Error(`${line[0]} ${json} on ${status} ${body}`, { cause: error });
          });
          ok(code === 0 || code === 1, `${line[0]} on ${body}: ${code}`);
        }
      }
    }
  }
});

Deno.test("a reply without an end is no reply", async () => {
  const { body, cancelled } = endless();
  const { code, err } = await run(LINES.list, environmentFor("http://project.test"), {
    fetch: () => Promise.resolve(new Response(body)),
  });
  await cancelled;
  equal(code, 1);
  match(err.join("\n"), /project\.test cannot be reached: the body has more than 64 MB/);
});

/** What moves a cursor, changes colours, begins a line, or reverses the direction of writing. */
const CONTROLS =
  "\x1b[31m\x07\x7f\x85\x9b2J\u061c\u200e\u200f\u202a\u202e\u2028\u2029\u2066\u2069\r";
// deno-lint-ignore no-control-regex -- those are meant
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** The columns that are asked for, or that a view or function may have. */
function columnsOf({ searchParams }: URL): string[] {
  const more =
    "queue,kind,error_code,last_message,model,day,id,status,asset_url,prompt,message,error";
  return `${searchParams.get("select") ?? ""},${more}`.split(",");
}

/** Rows with this text in every column. */
function hostileAnswer(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const text = `x${CONTROLS}y`;
  const names = columnsOf(new URL(request.url));
  const row: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, text]));
  for (const name of names.filter((name) => name.endsWith("_at"))) {
    row[name] = "2026-11-25T12:00:00Z";
  }
  if (Number(searchParams.get("offset")) > 0) return Response.json([]);
  if (pathname.startsWith("/functions/")) {
    return new Response(`{"message": "${text}"}`, { status: 500 });
  }
  if (!/rpc\/(generation_job|cancel_generation_job)$/.test(pathname)) return Response.json([row]);
  const error = { code: text, message: text };
  return Response.json({ ...row, status: "failed", error, history: [row], entities: [row] });
}

/** Values that no column has, as JSON. JavaScript cannot make a text of the last ones. */
const VALUES = [
  ...["null", "1e308", '"2026-13-45"', '[{"id": 1}]'],
  ...['{"toString": 1}', `${"[".repeat(8_000)}${"]".repeat(8_000)}`],
];

Deno.test("every command ends with an exit code whatever is in the columns", async () => {
  const more = "hour,visible,waiting,oldest_visible_seconds,cost_usd,state,since,code,reason," +
    "jobs,last_at,enqueued_at,updated_at,started_at,history,entities,installed,last_calls,days";
  let seen = "";
  for (const value of VALUES) {
    await using server = serve((request) => {
      const url = new URL(request.url);
      if (Number(url.searchParams.get("offset")) > 0) return Response.json([]);
      const names = new Set([...columnsOf(url), ...more.split(",")]);
      const row = `{${[...names].map((name) => `"${name}": ${value}`).join()}}`;
      const isObject = /rpc\/(generation_job|cancel_generation_job|generation_recent_costs)$/;
      return new Response(isObject.test(url.pathname) ? row : `[${row}]`);
    });
    for (const line of Object.values(LINES)) {
      for (const options of [[], ["--json"]]) {
        const { code, err } = await run([...line, ...options], environmentFor(server.url), {
          readFile: () => Promise.resolve(`[{"prompt": "p"}]`),
          closed: () => true,
        }).catch((error) => {
          const named = `${line[0]} ${options} on ${value.slice(0, 40)}`;
          throw new Error(named, { cause: error });
        });
        ok(code === 0 || code === 1, `${line[0]} on ${value.slice(0, 40)}: ${code}`);
        seen += err.join("\n");
      }
    }
  }
  match(seen, /answered something that cannot be shown/);
});

Deno.test("no command prints what controls a terminal, as JSON or in a table, or in an error", async () => {
  await using good = serve(hostileAnswer);
  await using bad = serve(() => Response.json({ message: `m${CONTROLS}` }, { status: 500 }));
  let seen = "";
  for (const { url } of [good, bad]) {
    for (const line of Object.values(LINES)) {
      for (const json of [[], ["--json"]]) {
        const environment = environmentFor(url);
        const { out, err } = await run([...line, ...json], environment, {
          readFile: () => Promise.resolve(`[{"prompt": "p"}]`),
          closed: () => true,
        });
        const text = [...out, ...err].join("\n");
        equal(CONTROL.exec(text), null, `${line[0]} ${json}: ${JSON.stringify(text)}`);
        if (json.length > 0) { for (const document of out) JSON.parse(document); }
        seen += text;
      }
    }
  }
  match(seen, /x.*2J.*y/, "the rest of the text is shown");
});

Deno.test("a table that is drawn over itself shows no control characters of a job", () => {
  let written = "";
  const screen = { write: (text: string) => void (written += text), size: () => SIZE };
  const SIZE = { columns: 120, rows: 20 };
  const text = `x${CONTROLS}y`;
  const names = ["id", "kind", "status", "storyboard_id", "scene_id", "prompt", "error_code"];
  const job = Object.fromEntries(names.map((name) => [name, text]));
  const progress = new LiveProgress(screen);
  for (const status of ["failed", "succeeded", "queued", text]) {
    progress.show([{ ...job, status, asset_url: text, started_at: null } as unknown as Job]);
  }
  progress.finish();
  progress.show([{ ...job, status: "succeeded", asset_url: text } as unknown as Job]);
  // The sequences of the table itself.
  // deno-lint-ignore no-control-regex -- those are meant
  const rest = written.replaceAll(/\x1b\[(\?25[lh]|\d+[AmJ]|2K)/g, "");
  equal(CONTROL.exec(rest), null, JSON.stringify(rest));
});
