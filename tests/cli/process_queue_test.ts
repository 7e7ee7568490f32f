/** `process-queue.sh` against functions on the loopback. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { reportText } from "../../supabase/functions/_shared/summary.ts";
import { mixedReport, mixedText, report } from "../functions/support.ts";
import { KEY, LINES } from "../support/env_lines.ts";
import { serve } from "../support/loopback.ts";
import { environmentFor, SECRET_KEY } from "./support.ts";

const SCRIPT = new URL("../../process-queue.sh", import.meta.url).pathname;

interface Call {
  path: string;
  method: string;
  headers: Headers;
  body: string;
}

function startFunctions(answer: (path: string) => Response = () => reported()) {
  const calls: Call[] = [];
  const server = serve(async (request) => {
    const { pathname: path } = new URL(request.url);
    const { method, headers } = request;
    calls.push({ path, method, headers, body: await request.text() });
    return answer(path);
  });
  return { ...server, calls };
}

/** What the functions answer with `Accept: text/plain`. */
function reported(change: Parameters<typeof report>[0] = {}) {
  const { failed = 0, retrying = 0, waiting = 0 } = change;
  const status = failed + retrying + waiting === 0 ? 200 : 207;
  return new Response(`${reportText(report(change))}\n`, { status });
}

async function script(args: string[], environment: Record<string, string> = {}) {
  const output = await new Deno.Command("bash", {
    args: [SCRIPT, ...args],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH")!, ...environment },
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    out: decoder.decode(output.stdout),
    err: decoder.decode(output.stderr),
  };
}

const IMAGES = "/functions/v1/process-image-generation";
const VIDEOS = "/functions/v1/process-video-generation";

Deno.test("each word starts its function and presents the key", async () => {
  await using functions = startFunctions();
  for (
    const [word, paths] of [["images", [IMAGES]], ["videos", [VIDEOS]], ["all", [IMAGES, VIDEOS]]]
  ) {
    functions.calls.length = 0;
    const { code, err } = await script([word as string], environmentFor(functions.url));
    equal(code, 0, err);
    deepEqual(functions.calls.map(({ path }) => path), paths);
    for (const { method, headers, body } of functions.calls) {
      equal(method, "POST");
      equal(headers.get("apikey"), SECRET_KEY);
      equal(headers.get("authorization"), null);
      equal(body, "");
    }
  }
});

Deno.test("a legacy key travels in both headers", async () => {
  await using functions = startFunctions();
  const key = `legacy.${crypto.randomUUID()}.key`;
  await script(["images"], {
    SUPABASE_URL: `${functions.url}/`,
    SUPABASE_SERVICE_ROLE_KEY: key,
  });
  const { path, headers } = functions.calls[0];
  equal(path, IMAGES);
  equal(headers.get("apikey"), key);
  equal(headers.get("authorization"), `Bearer ${key}`);
});

Deno.test("the report is shown as the function writes it; a failed job is exit code 1", async () => {
  const tricky = 'said "}],{" and \\ and %s\njobs: 1  succeeded: 1  failed: 0 ';
  await using functions = startFunctions(() => reported(mixedReport(tricky)));
  const { code, out } = await script(["images"], environmentFor(functions.url));
  equal(code, 1);
  const text = mixedText('said "}],{" and \\ and %s jobs: 1  succeeded: 1  failed: 0');
  equal(out, `process-image-generation at ${functions.url}\n${text.replaceAll(/^(?=.)/gm, "  ")}`);
  equal(functions.calls[0].headers.get("accept"), "text/plain");
});

Deno.test("jobs that wait or are retried are no failure", async () => {
  await using functions = startFunctions(() => reported({ claimed: 12, retrying: 1, waiting: 10 }));
  const { code, out } = await script(["videos"], environmentFor(functions.url));
  equal(code, 0);
  match(out, /run this again/);
});

Deno.test("what goes wrong at the function is shown with its reason", async () => {
  const text = (status: number, detail = "") => new Response(`${detail}\n`, { status });
  const cases: [() => Response, RegExp][] = [
    [
      () => text(401, 'Send a "secret" key.'),
      /^ {2}HTTP 401, SUPABASE_SECRET_KEY is refused\..* DIR\/\.env\.local .*\n {2}Send a "secret" key\./,
    ],
    [
      () => text(503, "GOOGLE_GENERATIVE_AI_API_KEY is not set."),
      /HTTP 503\n {2}GOOGLE_GENERATIVE/,
    ],
    [
      () => Response.json({ message: "no Route matched" }, { status: 404 }),
      /HTTP 404, is the function deployed\?\n.*no Route/,
    ],
    [() => text(504), /HTTP 504, the run may go on/],
    [() => text(546, '{"code":"WORKER_LIMIT"}'), /HTTP 546\n.*WORKER_LIMIT/],
    [() => text(502, "<html>bad\u001b[2J\n\ngateway"), /HTTP 502\n {2}<html>bad \[2J {2}gateway/],
    [() => text(200, "<html>Welcome"), /HTTP 200, and no report\n {2}<html>Welcome/],
    [() => Response.json(report()), /HTTP 200, and no report/],
  ];
  for (const [answer, expected] of cases) {
    await using functions = startFunctions(answer);
    const { code, err } = await script(["images"], environmentFor(functions.url));
    equal(code, 1);
    match(err, expected);
    ok(!err.includes(SECRET_KEY));
  }
});

Deno.test("no text of the function controls the terminal, in any locale", async () => {
  const controls = "\x1b[31m\x07\x7f\x85\x9b2J\u061c\u200e\u202e\u2028\u2069\r";
  // deno-lint-ignore no-control-regex -- those are meant
  const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
  const text = `ś x${controls}y “ś”`;
  const answers: [() => Response, number][] = [
    [() => new Response(`${text}\njobs: 1  succeeded: 1  failed: 0 \n`), 0],
    [() => new Response(text, { status: 500 }), 1],
    [() => new Response(`{"message": "${text}"}`, { status: 403 }), 1],
    [() => new Response(text), 1],
  ];
  for (const [answer, expected] of answers) {
    await using functions = startFunctions(answer);
    for (const LC_ALL of ["C.UTF-8", "C"]) {
      const environment = { ...environmentFor(functions.url), LC_ALL };
      const { code, out, err } = await script(["images"], environment);
      equal(code, expected);
      equal(control.exec(out + err), null, JSON.stringify(out + err));
      match(out + err, /ś x.*2J.*y “ś”/);
    }
  }
});

Deno.test("of a run whose answer did not come nothing is said but that", async () => {
  const folder = await Deno.makeTempDir({ prefix: "curl-" });
  const environment = { ...environmentFor("http://project"), PATH: `${folder}:/usr/bin:/bin` };
  try {
    for (
      const [exit, message] of [
        [6, /http:\/\/project cannot be reached/],
        [28, /no answer came: the run may go on/],
        [56, /no answer came: the run may go on/],
      ] as const
    ) {
      await Deno.writeTextFile(`${folder}/curl`, `#!/bin/sh\nexit ${exit}\n`, { mode: 0o755 });
      const { code, err } = await script(["images"], environment);
      equal(code, 1);
      match(err, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--env-file finds a value however its line is written", async () => {
  await using functions = startFunctions();
  const file = await Deno.makeTempFile({ suffix: ".env" });
  try {
    for (const line of LINES) {
      await Deno.writeTextFile(file, line);
      const args = ["images", "--env-file", file];
      const { code, err } = await script(args, { SUPABASE_URL: functions.url });
      equal(code, 0, `${line}: ${err}`);
      equal(functions.calls.pop()!.headers.get("apikey"), KEY, line);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("all goes on to the videos when the images failed, and still fails", async () => {
  await using functions = startFunctions((path) =>
    path === IMAGES ? new Response("", { status: 500 }) : reported()
  );
  const { code } = await script(["all"], environmentFor(functions.url));
  equal(code, 1);
  equal(functions.calls.length, 2);
});

Deno.test("a project that cannot be reached is named", async () => {
  const url = "http://127.0.0.1:1";
  const { code, err } = await script(["images"], environmentFor(url));
  equal(code, 1);
  match(err, new RegExp(`${url} cannot be reached`));
});

Deno.test("wrong usage exits with 2 and says what is wrong", async () => {
  const url = "http://127.0.0.1:1";
  const cases: [string[], Record<string, string>, RegExp][] = [
    [[], environmentFor(url), /process-queue\.sh images/],
    [["pictures"], environmentFor(url), /no queue or flag pictures/],
    [["images", "--fast"], environmentFor(url), /no queue or flag --fast/],
    [["images", "--env-file"], {}, /--env-file needs/],
    [["images", "--env-file", "/nowhere/.env"], {}, /cannot be read/],
    [["images"], {}, /SUPABASE_URL is not set.* --env-file DIR\/\.env\.local/],
    [["images"], { SUPABASE_URL: "project" }, /SUPABASE_URL is something else. It must be/],
    [["images"], { SUPABASE_URL: "https://YOUR_PROJECT_REF.supabase.co" }, /URL is a placeholder/],
    [
      ["images"],
      { SUPABASE_URL: url, SUPABASE_SECRET_KEY: "YOUR_SECRET_KEY" },
      /SUPABASE_SECRET_KEY is a placeholder/,
    ],
    [["images"], { SUPABASE_URL: url }, /SUPABASE_SECRET_KEY is not set/],
    [
      ["images"],
      { SUPABASE_URL: url, SUPABASE_SECRET_KEY: 'a"b' },
      /SUPABASE_SECRET_KEY is something else/,
    ],
    [["images"], { ...environmentFor(url), SUPABASE_URL: `${url}\r` }, /SUPABASE_URL.*CRLF/],
    [["images"], { SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: "k\r" }, /ROLE_KEY.*CRLF/],
  ];
  for (const [args, environment, expected] of cases) {
    const { code, err } = await script(args, environment);
    equal(code, 2, args.join(" "));
    match(err, expected);
  }
});

Deno.test("--help explains, and needs no environment", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, out } = await script([flag]);
    equal(code, 0);
    for (const word of ["images", "videos", "all", "SUPABASE_URL", "EXIT CODES"]) {
      match(out, new RegExp(word));
    }
  }
});

Deno.test("--env-file reads variables as data, and those already set win", async () => {
  await using functions = startFunctions();
  const file = await Deno.makeTempFile();
  const lines = (url: string, key: string) =>
    `# comment\nSUPABASE_URL=${url}  # the project\nexport SUPABASE_SECRET_KEY=${key}\nOTHER=$(exit 9)\n`;
  for (const key of [SECRET_KEY, `"${SECRET_KEY}"`, `'${SECRET_KEY}'  `]) {
    await Deno.writeTextFile(file, lines(functions.url, key));
    const { code, err } = await script(["images", `--env-file=${file}`]);
    equal(code, 0, err);
    equal(functions.calls.at(-1)!.headers.get("apikey"), SECRET_KEY);
  }
  await Deno.writeTextFile(file, lines("http://127.0.0.1:1", SECRET_KEY));
  const { code, err } = await script(["--env-file", file, "images"], {
    SUPABASE_URL: functions.url,
  });
  equal(code, 0, err);

  const content = lines(functions.url, SECRET_KEY);
  for (
    const [written, fault] of [
      [content.replaceAll("\n", "\r\n"), /CRLF/],
      [`\uFEFF${content}`, /BOM/],
    ] as const
  ) {
    await Deno.writeTextFile(file, written);
    const refused = await script(["images", "--env-file", file]);
    equal(refused.code, 2);
    match(refused.err, fault);
  }
  equal(functions.calls.length, 4);
  await Deno.remove(file);
});
