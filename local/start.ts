/** `deno task start`: the whole product on this machine, with a sample storyboard. See `--help`. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Api } from "../cli/api.ts";
import { command, nothing, runCommand } from "../cli/command.ts";
import { JobFeed } from "../cli/feed.ts";
import { number, otherwise, text, type Values, yesOrNo } from "../cli/flag.ts";
import { thisScreen } from "../cli/io.ts";
import { isOver, type Job } from "../cli/jobs.ts";
import { LineProgress, LiveProgress, type Progress } from "../cli/terminal/progress.ts";
import { restoreCursor, style } from "../cli/terminal/style.ts";
import { plainLines } from "../cli/plain_lines.ts";
import { fromCaller } from "./caller.ts";
import { ENV_LOCAL, readEnvFile, writeEnvFile } from "./env_file.ts";
import { simulatorMemory, type Stack, startStack } from "./stack/mod.ts";
import { passedOn } from "./start/configuration.ts";
import { explain, UnusableFunctions } from "./start/failure.ts";
import { misconfigurations } from "./start/health.ts";
import { noProxy } from "./start/network.ts";
import { openProvider, type Provider } from "./start/provider.ts";
import { displayPath, guide, type Places, results, tally } from "./start/report.ts";
import { Sample } from "./start/sample.ts";
import { exitCodeOf, interruption } from "./start/signals.ts";
import { watch } from "./start/watch.ts";

const OWN_PLACES: Places = {
  data: fileURLToPath(new URL("../.local", import.meta.url)),
  envFile: fileURLToPath(ENV_LOCAL),
};
const screen = thisScreen();
const paint = style(screen !== undefined);
const progress: Progress = screen
  ? new LiveProgress(screen)
  : new LineProgress((line) => console.log(line));
const say = (line: string) => progress.say(line);

/** The port of the API in Supabase's own local stack; SQL is on the next one. */
const DEFAULT_PORT = 54321;

const FLAGS = {
  "no-sample": yesOrNo("start with what is on the queues, add nothing"),
  once: yesOrNo("end when all jobs have; exit code 0 only if all of them succeeded"),
  fresh: yesOrNo("forget the data of earlier starts, keep the keys"),
  port: otherwise(number({ least: 1, most: 65534 }, "the API's port; SQL is on N+1"), DEFAULT_PORT),
  data: text("DIR", "keep the data and .env.local in DIR instead of .local/ and here"),
  real: yesOrNo(
    "call Google, with GOOGLE_GENERATIVE_AI_API_KEY from the environment or .env; costs money",
  ),
};
type Flags = Values<typeof FLAGS>;

const START = command({
  name: "",
  summary: "runs the whole product on this machine and shows it at work",
  args: nothing,
  flags: FLAGS,
  notes: `It starts the Data API, Storage, PostgreSQL with pgmq, both Edge Functions, a
scheduler, and a simulator of Google's models that costs nothing. Then it puts a
sample storyboard on the queues, shows the progress, and stays up until Ctrl-C.

With GOOGLE_GENERATIVE_AI_BASE_URL set it uses that address and starts no
simulator. The other variables of the functions (IMAGE_MODELS, MAX_ATTEMPTS, …)
are passed on to them; without the simulator, so are HTTPS_PROXY, NO_PROXY and
DENO_CERT.

Ctrl-C ends everything in order, which is exit code 0, or 130 with --once; a
second one, after half a second, ends it at once.

Address and keys are written to .env.local, which every tool here takes with
--env-file.`,
  run: (_, flags) => start(flags),
});

async function start(flags: Flags): Promise<number> {
  const fromFile = flags.real ? await readEnvFile(new URL("../.env", import.meta.url)) : {};
  const variable = (name: string) => Deno.env.get(name) || fromFile[name] || undefined;
  // Otherwise a proxy that this machine has would be asked for the stack's own addresses.
  Deno.env.set("NO_PROXY", noProxy((name) => Deno.env.get(name)));
  const places = placesOf(flags);
  const interrupted = interruption();
  const provider = await openProvider(flags.real, variable, {
    memoryFile: simulatorMemory(places.data),
    forget: flags.fresh,
  });
  try {
    const stack = await open(flags, places, provider, variable);
    try {
      if (stack.brokenFunctions.length > 0) {
        throw new UnusableFunctions(`${stack.brokenFunctions.join(", ")}: see above`);
      }
      const wrong = await misconfigurations(stack);
      if (wrong.length > 0) throw new UnusableFunctions(wrong.join("\ncannot run "));
      const code = interrupted.signal.aborted
        ? 0
        : await run(stack, provider, places, flags, interrupted.signal);
      const signal = interrupted.name();
      if (signal === undefined) return code;
      if (!flags.once) say("\nstopping");
      return flags.once ? exitCodeOf(signal) : 0;
    } finally {
      await stack.close();
    }
  } finally {
    await provider.close();
  }
}

function placesOf({ data }: Flags): Places {
  if (data === undefined) return OWN_PLACES;
  const folder = fromCaller(data);
  return { data: folder, envFile: join(folder, ".env.local") };
}

async function open(
  flags: Flags,
  places: Places,
  provider: Provider,
  variable: (name: string) => string | undefined,
): Promise<Stack> {
  const begun = performance.now();
  say(`models     ${provider.description}`);
  const stack = await startStack({
    port: flags.port,
    dataDir: places.data,
    fresh: flags.fresh,
    env: { ...passedOn(variable), ...provider.environment },
    tick: true,
    // It quotes what functions, receivers and the database say.
    log: (text) => say(plainLines(text)),
  });
  await writeEnvFile(pathToFileURL(places.envFile), {
    SUPABASE_URL: stack.url,
    SUPABASE_SECRET_KEY: stack.secretKey,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    DATABASE_URL: stack.databaseUrl,
    ...psqlVariables(stack.databaseUrl),
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`started    in ${seconds} s; the address and the keys are in ${displayPath(places.envFile)}`);
  return stack;
}

/** By these psql finds the database, without a password among its arguments, which all users see. */
function psqlVariables(databaseUrl: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const PGDATABASE = pathname.slice(1);
  return { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE };
}

/** Shows the jobs until it is told to stop, or with `--once` until they have ended. */
async function run(
  stack: Stack,
  provider: Provider,
  places: Places,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const api = new Api(stack.url, stack.secretKey, fetch, "generation-queue (start)");
  const feed = await JobFeed.begin(api);
  const sample = flags["no-sample"] ? undefined : await Sample.begin(stack);
  if (sample) {
    say(`storyboard ${sample.storyboardId}: images, an edit and videos are on the queues\n`);
  }
  const watching = { feed, sample, progress, signal };
  try {
    const jobs = await watch(watching, (jobs) => jobs.every(isOver));
    progress.finish();
    if (signal.aborted) return 0;
    if (jobs.length > 0) say(`\n${paint.bold("Results")}\n${results(jobs, paint)}\n`);
    if (flags.once) return conclude(jobs);
    say(guide(stack, provider.description, places, paint));
    await watch(watching, () => false);
    return 0;
  } finally {
    progress.finish();
  }
}

function conclude(jobs: Job[]): number {
  say(tally(jobs));
  return jobs.every(({ status }) => status === "succeeded") ? 0 : 1;
}

let code: number;
try {
  code = await runCommand({ run: "deno task start", command: START, args: Deno.args });
} catch (error) {
  console.error(plainLines(explain(error)));
  code = 1;
}
restoreCursor();
Deno.exit(code);
