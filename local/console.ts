/** `deno task console`: the console for a project of one's own, or its files for a static host. */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { command, nothing, runCommand } from "../cli/command.ts";
import { EXIT, UsageError } from "../cli/failure.ts";
import { number, otherwise, text } from "../cli/flag.ts";
import { readProject } from "../cli/project.ts";
import { fromCaller } from "./caller.ts";
import { pageFiles } from "./console/files.ts";
import type { ConsoleProject } from "./console/project_access.ts";
import { ConsoleSite } from "./console/site.ts";
import { publicUrlOf } from "../supabase/functions/_shared/environment.ts";
import { type Environment, VariableError } from "../supabase/functions/_shared/variable.ts";
import { readEnvFile } from "./env_file.ts";
import { openPort, PortForbidden, PortInUse } from "./stack/ports.ts";

const DEFAULT_PORT = 54380;

const CONSOLE = command({
  name: "",
  summary: "serves the console for a project, to this machine alone",
  args: nothing,
  flags: {
    "env-file": text("FILE", "read the project's address and key from FILE"),
    port: otherwise(number({ least: 0, most: 65535 }, "the port; 0: any free one"), DEFAULT_PORT),
    out: text("DIR", "write the page's files into DIR, for a static host, and end"),
  },
  notes: `The project is SUPABASE_URL with SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY), of
FILE or of the environment. The key stays in this process: the page sends its
requests here, and they are passed on with it, for this user's programs alone.

A page on a static host asks for address and key instead. Ctrl-C ends the task.`,
  examples: ["--env-file .env", "--out ./public"],
  run: async (_, { "env-file": envFile, port, out }) => {
    if (out !== undefined) return await write(fromCaller(out));
    return await serve(await projectOf(envFile), port);
  },
});

async function projectOf(envFile: string | undefined): Promise<ConsoleProject> {
  const variables: Environment = envFile === undefined
    ? (name) => Deno.env.get(name)
    : await variablesOf(envFile);
  const { url, key } = readProject(variables);
  return { url, key, publicUrl: publicUrl(variables), realtime: true, send: fetch };
}

function publicUrl(variables: Environment): string | undefined {
  try {
    return publicUrlOf(variables);
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    throw new UsageError(`${error.message}.`);
  }
}

async function variablesOf(envFile: string) {
  const path = fromCaller(envFile);
  const variables = await readEnvFile(pathToFileURL(path));
  if (Object.keys(variables).length === 0) {
    throw new UsageError(
      `--env-file: ${path} is missing or empty. Copy .env.example to it, and fill in SUPABASE_URL ` +
        "and SUPABASE_SECRET_KEY.",
    );
  }
  return (name: string) => variables[name];
}

async function serve(project: ConsoleProject, port: number): Promise<number> {
  const site = new ConsoleSite(project);
  const missing = () => Response.json({ message: "Not Found" }, { status: 404 });
  const server: Deno.HttpServer<Deno.NetAddr> = openPort(
    port,
    () =>
      Deno.serve(
        { hostname: "127.0.0.1", port, onListen: () => {} },
        async (request, { remoteAddr }) =>
          await site.handle(request, { client: remoteAddr, server: server.addr.port }) ??
            missing(),
      ),
  );
  console.log(`The console of ${project.url} is at http://127.0.0.1:${server.addr.port}/`);
  await server.finished;
  return EXIT.ok;
}

async function write(folder: string): Promise<number> {
  const files = await pageFiles();
  for (const [path, { bytes }] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
  console.log(`${files.size} files are in ${folder}`);
  return EXIT.ok;
}

let code: number;
try {
  code = await runCommand({ run: "deno task console", command: CONSOLE, args: Deno.args });
} catch (error) {
  const isPort = error instanceof PortInUse || error instanceof PortForbidden;
  if (!isPort) throw error;
  console.error(`${error.message}. Choose another with --port N`);
  code = EXIT.failed;
}
Deno.exit(code);
