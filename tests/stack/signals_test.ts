import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { portForStart } from "../support/ports.ts";
import { interruption } from "../../local/start/signals.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

/** A process whose clock and signals the test has in hand. */
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

Deno.test("the same Ctrl-C, coming twice, is one", () => {
  const { interrupted, exits, send } = fakeProcess();
  send("SIGINT", 0);
  send("SIGINT", 3);
  send("SIGINT", 400);
  equal(interrupted.signal.aborted, true);
  equal(interrupted.name(), "SIGINT");
  deepEqual(exits, []);
});

Deno.test("a second Ctrl-C ends at once, with the code of the first", () => {
  const { exits, send } = fakeProcess();
  send("SIGTERM", 0);
  send("SIGINT", 501);
  deepEqual(exits, [143]);
});

/** Runs `start` until it is up, sends it a signal, and says how it ended and what it left. */
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
  const title = signal === "SIGINT" ? "interrupted twice within a moment" : "told to end";
  Deno.test(`start, ${title}, gives back what it holds and ends with 0`, async () => {
    const { code, output, errors, server, data } = await startAndEnd(signal);
    equal(errors, "");
    equal(code, 0, output);
    match(output, /stopping/);
    match(output, /calls the functions itself/);
    equal(isRunning(server), false);
    await Deno.remove(data, { recursive: true });
  });
}

Deno.test("a start that is killed takes its database along", async () => {
  const { server, data } = await startAndEnd("SIGKILL");
  while (isRunning(server)) await new Promise((turn) => setTimeout(turn, 20));
  await Deno.remove(data, { recursive: true });
});
