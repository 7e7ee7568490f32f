/** The configuration of a function, from its environment variables. */
import { type Credentials, readCredentials } from "./credentials.ts";
import {
  address,
  credential,
  type Environment,
  integer,
  list,
  required,
  seconds,
  VariableError,
} from "./variable.ts";

/** What kind of asset a function makes. */
export type Kind = "image" | "video";

/** Everything a run needs to know. */
export interface Configuration {
  /** The project's API as the function reaches it, without trailing slash. */
  supabaseUrl: string;
  /** The project's API as all clients reach it; self-hosted projects may differ here. */
  publicUrl: string;
  /** The key for PostgREST and Storage. */
  serviceKey: string;
  googleApiKey: string;
  googleBaseUrl: string;
  /** In order of preference. */
  models: string[];
  /** Jobs at a time. */
  concurrency: number;
  budgetSeconds: number;
  /** The age at which an operation that has not ended is given up. */
  operationDeadlineSeconds: number;
  maxAttempts: number;
  /** Undefined: any public host. */
  sourceImageHosts?: string[];
}

/** Either a configuration, or what is wrong with each variable. */
export type Reading = {
  configuration?: Configuration;
  problems: VariableError[];
  /** As far as they can be read, even if something else is wrong. */
  models: string[];
};

const DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com/v1beta";

const DEFAULTS = {
  image: { models: ["gemini-2.5-flash-image", "gemini-3.1-flash-image"], concurrency: 5 },
  video: { models: ["veo-3.1-fast-generate-preview", "gemini-omni-1.1-flash"], concurrency: 1 },
};

const MODELS = {
  image: {
    entry: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    expected: "model ids separated by commas",
  },
  // The prefix chooses the protocol, so a video model without a known prefix cannot be called.
  video: {
    entry: /^(veo-|gemini-omni-)[A-Za-z0-9._-]{1,127}$/,
    expected: "model ids separated by commas, each starting with veo- or gemini-omni-",
  },
};

const HOSTS = {
  entry:
    /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  expected: "host names separated by commas, without scheme, port or path (*.example.com for all " +
    "names below one)",
};

/** The longest budget that can be asked for, in seconds; hosted workers live 400 s at most. */
export const MOST_BUDGET_SECONDS = 3600;

/** Google keeps a video for two days. */
const MOST_DEADLINE_MINUTES = 2 * 24 * 60;

/** Reads everything and reports all problems at once, so that they can be fixed at once. */
export function readConfiguration(environment: Environment, kind: Kind): Reading {
  const problems: VariableError[] = [];
  const values: Partial<Record<keyof Configuration, unknown>> = {};
  for (const [name, read] of Object.entries(readers(environment, kind))) {
    try {
      values[name as keyof Configuration] = read();
    } catch (error) {
      if (!(error instanceof VariableError)) throw error;
      problems.push(error);
    }
  }
  const models = (values.models ?? []) as string[];
  if (problems.length > 0) return { problems, models };
  const publicUrl = values.publicUrl ?? values.supabaseUrl;
  return { problems, models, configuration: { ...values, publicUrl } as Configuration };
}

type Readers = { [N in keyof Required<Configuration>]: () => Configuration[N] | undefined };

/** How each part of the configuration is read. */
function readers(environment: Environment, kind: Kind): Readers {
  const prefix = kind.toUpperCase();
  return {
    supabaseUrl: () => {
      required(environment, "SUPABASE_URL", "the URL of the project's API");
      return address(environment, "SUPABASE_URL");
    },
    publicUrl: () => publicUrlOf(environment),
    serviceKey: () => serviceKeyOf(readCredentials(environment)),
    googleApiKey: () => {
      required(environment, "GOOGLE_GENERATIVE_AI_API_KEY", "a key from Google AI Studio");
      return credential(environment, "GOOGLE_GENERATIVE_AI_API_KEY");
    },
    googleBaseUrl: () => address(environment, "GOOGLE_GENERATIVE_AI_BASE_URL") ?? DEFAULT_BASE_URL,
    models: () => list(environment, `${prefix}_MODELS`, MODELS[kind]) ?? DEFAULTS[kind].models,
    concurrency: () =>
      integer(environment, `${prefix}_CONCURRENCY`, {
        fallback: DEFAULTS[kind].concurrency,
        least: 1,
        most: 100,
      }),
    budgetSeconds: () =>
      seconds(environment, "WORKER_BUDGET_SECONDS", { fallback: 120, most: MOST_BUDGET_SECONDS }),
    operationDeadlineSeconds: () =>
      60 * integer(environment, "VIDEO_DEADLINE_MINUTES", {
        fallback: 30,
        least: 1,
        most: MOST_DEADLINE_MINUTES,
      }),
    maxAttempts: () => integer(environment, "MAX_ATTEMPTS", { fallback: 5, least: 1, most: 100 }),
    sourceImageHosts: () =>
      list(environment, "SOURCE_IMAGE_HOSTS", HOSTS)?.map((host) => host.toLowerCase()),
  };
}

/**
 * `PUBLIC_URL` wins: the CLI skips names that begin with `SUPABASE_`, so it is the one that is set on
 * purpose. The other one is what self-hosted installations have anyway.
 */
function publicUrlOf(environment: Environment): string | undefined {
  return address(environment, "PUBLIC_URL") ?? address(environment, "SUPABASE_PUBLIC_URL");
}

function serviceKeyOf(credentials: Credentials): string {
  if (credentials.service !== undefined) return credentials.service;
  throw new VariableError(
    "SUPABASE_SECRET_KEYS",
    "a JSON object from key names to keys (or SUPABASE_SECRET_KEY, SUPABASE_SERVICE_ROLE_KEY)",
    true,
  );
}
