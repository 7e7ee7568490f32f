/** `deno task start`: the whole product on this machine, with a sample storyboard. See `--help`. */
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ENV_LOCAL, readEnvFile, writeEnvFile } from "./env_file.ts";
import {
  DatabaseUnusable,
  FolderInUse,
  PortForbidden,
  PortInUse,
  simulatorMemory,
  type Stack,
  startStack,
} from "./stack/mod.ts";
import { passedOn } from "./start/configuration.ts";
import { type Flags, parseFlags, USAGE, UsageError } from "./start/flags.ts";
import { misconfigurations } from "./start/health.ts";
import { type Job, Ledger, now } from "./start/ledger.ts";
import { noProxy } from "./start/network.ts";
import { LineProgress, LiveProgress, type Progress } from "./start/progress.ts";
import { openProvider, type Provider } from "./start/provider.ts";
import { guide, type Places, results, shown, tally } from "./start/report.ts";
import { Sample } from "./start/sample.ts";
import { exitCodeOf, interruption } from "./start/signals.ts";
import { watch } from "./start/watch.ts";
import { restoreCursor } from "../cli/terminal/cursor.ts";
import { isInteractive, style } from "../cli/terminal/style.ts";

const OWN_PLACES: Places = {
  data: fileURLToPath(new URL("../.local", import.meta.url)),
  envFile: fileURLToPath(ENV_LOCAL),
};
const interactive = isInteractive();
const paint = style(interactive);
const progress: Progress = interactive
  ? new LiveProgress(paint, (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)))
  : new LineProgress((line) => console.log(line));
const say = (line: string) => progress.say(line);

/** Without the functions no job would ever end. */
class UnusableFunctions extends Error {
  override name = "UnusableFunctions";
}

async function main(parameters: string[]): Promise<number> {
  const flags = parseFlags(parameters);
  if (flags.help) {
    say(USAGE);
    return 0;
  }
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
  // A task runs in the project's folder; this one is named from where the caller is.
  const folder = resolve(Deno.env.get("INIT_CWD") ?? ".", data);
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
    log: say,
  });
  await writeEnvFile(pathToFileURL(places.envFile), {
    SUPABASE_URL: stack.url,
    SUPABASE_SECRET_KEY: stack.secretKey,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    DATABASE_URL: stack.databaseUrl,
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`started    in ${seconds} s; the address and the keys are in ${shown(places.envFile)}`);
  return stack;
}

/** Shows the jobs until it is told to stop, or with `--once` until they have ended. */
async function run(
  stack: Stack,
  provider: Provider,
  places: Places,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const ledger = new Ledger(stack, await now(stack));
  const sample = flags.sample ? await Sample.begin(stack) : undefined;
  if (sample) {
    say(`storyboard ${sample.storyboardId}: images, an edit and videos are on the queues\n`);
  }
  const watching = { ledger, sample, progress, signal };
  try {
    const jobs = await watch(watching, (jobs) => jobs.every(({ ended }) => ended));
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

/** What went wrong, in a line that says what to do where that is known. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nTry: deno task start --help`;
  if (error instanceof PortInUse) {
    return `${error.message}; choose another with --port N (the API takes N, SQL takes N+1)`;
  }
  if (error instanceof PortForbidden) return `${error.message}. Choose another with --port N`;
  if (error instanceof FolderInUse) return `${error.message}; stop that one first`;
  if (error instanceof DatabaseUnusable) {
    const cause = error.cause ? `: ${error.cause}` : "";
    return `${error.message}${cause}\nTo begin anew, add --fresh; to keep it, name another folder with --data`;
  }
  if (error instanceof UnusableFunctions) return `cannot run ${error.message}`;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

let code: number;
try {
  code = await main(Deno.args);
} catch (error) {
  console.error(explain(error));
  code = error instanceof UsageError ? 2 : 1;
}
restoreCursor();
Deno.exit(code);
