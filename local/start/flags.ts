/** What `deno task start` was asked to do. */
export interface Flags {
  fresh: boolean;
  sample: boolean;
  once: boolean;
  real: boolean;
  port: number;
  /** A folder for the data and `.env.local`, instead of the project's. */
  data?: string;
  help: boolean;
}

/** The port of the API in Supabase's own local stack; SQL is on the next one. */
export const DEFAULT_PORT = 54321;

export const USAGE = `Runs the whole product on this machine and shows it at work.

  deno task start [options]

It starts PostgREST, Storage, PostgreSQL with pgmq, both Edge Functions, a scheduler, and a simulator
of Google's models that costs nothing. Then it puts a sample storyboard on the queues, shows the
progress, and stays up until Ctrl-C.

  --no-sample   start with what is on the queues, add nothing
  --once        end when all jobs have; exit code 0 only if all of them succeeded
  --fresh       forget the data of earlier starts (.local/), keep the keys
  --port N      API on port N, SQL on N+1 (${DEFAULT_PORT} and ${DEFAULT_PORT + 1} otherwise)
  --data DIR    keep the data and .env.local in DIR instead of .local/ and here
  --real        talk to Google, with GOOGLE_GENERATIVE_AI_API_KEY from the environment or .env;
                this costs money
  --help        this text

With GOOGLE_GENERATIVE_AI_BASE_URL set it talks to that address and starts no simulator. The other
variables of the functions (IMAGE_MODELS, MAX_ATTEMPTS, …) are passed on to them; where they talk to
somebody else than the simulator, so are HTTPS_PROXY, NO_PROXY and DENO_CERT.

Ctrl-C ends everything in order, which is exit code 0, or 130 with --once; a second one, after half
a second, ends it at once.

Address and keys are written to .env.local, which every tool here takes with --env-file.`;

/** The command line says something that cannot be done. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** @throws UsageError */
export function parseFlags(parameters: string[]): Flags {
  const flags: Flags = {
    fresh: false,
    sample: true,
    once: false,
    real: false,
    port: DEFAULT_PORT,
    help: false,
  };
  for (let at = 0; at < parameters.length; at++) {
    const [name, inline] = splitOnce(parameters[at]);
    if (name === "--port") {
      flags.port = parsePort(inline ?? parameters[++at]);
      continue;
    }
    if (name === "--data") {
      flags.data = parseFolder(inline ?? parameters[++at]);
      continue;
    }
    if (inline !== undefined) throw new UsageError(`${name} takes no value`);
    if (name === "--fresh") flags.fresh = true;
    else if (name === "--no-sample") flags.sample = false;
    else if (name === "--once") flags.once = true;
    else if (name === "--real") flags.real = true;
    else if (name === "--help" || name === "-h") flags.help = true;
    else if (name.startsWith("-")) throw new UsageError(`unknown option ${name}`);
    else throw new UsageError(`${name} is not an option, and nothing else is expected`);
  }
  return flags;
}

function splitOnce(parameter: string): [string, string | undefined] {
  const at = parameter.indexOf("=");
  return at < 0 ? [parameter, undefined] : [parameter.slice(0, at), parameter.slice(at + 1)];
}

function parseFolder(text: string | undefined): string {
  if (!text || text.startsWith("--")) throw new UsageError("--data needs a folder");
  return text;
}

/** The next port is needed too. */
function parsePort(text: string | undefined): number {
  const port = Number(text);
  if (text === undefined || !/^\d+$/.test(text) || port < 1 || port > 65534) {
    throw new UsageError(`--port needs a number from 1 to 65534, not ${text ?? "nothing"}`);
  }
  return port;
}
