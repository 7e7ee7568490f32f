import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { portForStart } from "../support/ports.ts";
import { interruption } from "../../local/start/signals.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

/** A process whose clock and signals the test controls. */
function fakeProcess() {
  const listeners = new Map<Deno.Signal, () => void>();
  const exits: number[] = [];
  let time = 1000;
  const process = {
    listen: (name: Deno.Signal, listener: () => void) => void listeners.set(name, listener),
    now: () => time,
    exit: (code: number) => void exits.push(code),
  };
  return {
    exits,
    interrupted: interruption(process),
    send(name: Deno.Signal, after: number) {
      time += after;
      listeners.get(name)!();
    },
  };
}

Deno.test("the same Ctrl-C arriving twice counts once", () => {
  const { interrupted, exits, send } = fakeProcess();
  send("SIGINT", 0);
  send("SIGINT", 3);
  send("SIGINT", 400);
  equal(interrupted.signal.aborted, true);
  equal(interrupted.name(), "SIGINT");
  deepEqual(exits, []);
});

Deno.test("a second Ctrl-C exits at once, with the code of the first", () => {
  const { exits, send } = fakeProcess();
  send("SIGTERM", 0);
  send("SIGINT", 501);
  deepEqual(exits, [143]);
});

/** Runs `start` until it is up, sends it a signal, and returns how it ended. */
async function startAndEnd(signal: Deno.Signal) {
  const data = await Deno.makeTempDir({ prefix: "start-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      START,
      "--no-sample",
      `--port=${portForStart()}`,
      `--data=${data}`,
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  let server = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = output;
    output += text;
    if (!before.includes("Ctrl-C stops it") && output.includes("Ctrl-C stops it")) {
      server = parseInt(await Deno.readTextFile(`${data}/postgres/postmaster.pid`));
      child.kill(signal);
      if (signal === "SIGINT") child.kill(signal);
    }
  }
  const { code } = await child.status;
  const errors = await new Response(child.stderr).text();
  equal(server > 0, true, `start was not up: ${errors}`);
  return { code, output, errors, server, data };
}

function isRunning(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  const title = signal === "SIGINT" ? "interrupted twice at once" : "terminated";
  Deno.test(`start, ${title}, releases everything and exits with 0`, async () => {
    const { code, output, errors, server, data } = await startAndEnd(signal);
    equal(errors, "");
    equal(code, 0, output);
    match(output, /stopping/);
    match(output, /calls the functions itself/);
    equal(isRunning(server), false);
    await Deno.remove(data, { recursive: true });
  });
}

Deno.test("the database of a killed start stops", async () => {
  const { server, data } = await startAndEnd("SIGKILL");
  await eventually("the end of the database", () => !isRunning(server));
  await Deno.remove(data, { recursive: true });
});
