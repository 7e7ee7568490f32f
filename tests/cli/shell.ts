/** Command lines as people type them. */
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** The tool with the permissions that the README gives it. */
export const RUN = "deno run --allow-net --allow-env queue-trigger.ts";

/** Runs a line in a shell, at the root of the repository, with nothing but the promised variables. */
export async function shell(line: string, environment: Record<string, string>) {
  return await start(line, environment).outcome;
}

/** The same in the background; `said` is fulfilled when it has printed `awaited`. */
export function start(line: string, environment: Record<string, string>, awaited = "put on") {
  const child = new Deno.Command("bash", {
    // `deno` in the line is the Deno that runs this test, wherever it is installed.
    args: ["-c", `deno() { "${Deno.execPath()}" "$@"; }; ${line}`],
    cwd: REPOSITORY,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH")!,
      HOME: Deno.env.get("HOME") ?? "",
      NO_COLOR: "1",
      ...(Deno.env.has("DENO_DIR") && { DENO_DIR: Deno.env.get("DENO_DIR")! }),
      ...environment,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    let text = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes(awaited)) said.resolve();
    }
    said.resolve();
    return text;
  };
  const texts = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const outcome = (async () => {
    const [out, err] = await texts;
    return { code: (await child.status).code, out, err };
  })();
  return { outcome, said: said.promise };
}
