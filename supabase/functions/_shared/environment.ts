/** The configuration of a function, from its environment variables. */
import { type Credentials, readCredentials } from "./credentials.ts";
import { isOfVertex, type Kind, type LeftOut, missingVariables, readModels } from "./models.ts";
import {
  address,
  credential,
  type Environment,
  integer,
  list,
  optional,
  required,
  seconds,
  VariableError,
} from "./variable.ts";
import { readVertexSettings, type VertexSettings } from "./vertex/settings.ts";

/** Everything a run needs to know. */
export interface Configuration {
  /** The project's API as the function reaches it, without trailing slash. */
  supabaseUrl: string;
  /** The project's API as all clients reach it; self-hosted projects may differ here. */
  publicUrl: string;
  /** The key for PostgREST and Storage. */
  serviceKey: string;
  /** Undefined: all models are called in another way. */
  googleApiKey?: string;
  googleBaseUrl: string;
  /** Undefined: none of the models needs it. */
  vertex?: VertexSettings;
  /** In order of preference, those with credentials. */
  models: string[];
  /** Jobs at a time. */
  concurrency: number;
  budgetSeconds: number;
  /** How long the platform lets a worker live. */
  workerLifetimeSeconds: number;
  /** The age at which an operation that has not ended is given up. */
  operationDeadlineSeconds: number;
  maxAttempts: number;
  /** The age at which a job fails whose models cannot be used. */
  jobDeadlineHours: number;
  /** When a model that cannot be used is passed over. Undefined: never. */
  fallbackAfterSeconds?: number;
  /** Undefined: any public host. */
  sourceImageHosts?: string[];
  /** The buckets of which private objects, too, are sources. */
  sourceImageBuckets: string[];
}

/** Either a configuration, or what is wrong with each variable. */
export type Reading = {
  configuration?: Configuration;
  problems: VariableError[];
  /** As far as they can be read, even if something else is wrong. */
  models: string[];
  /** Those of the list that have no credentials. */
  leftOut: LeftOut[];
};

const DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com/v1beta";

const CONCURRENCY = { image: 5, video: 1 };

const HOSTS = {
  entry:
    /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  expected: "host names separated by commas, without scheme, port or path (*.example.com for all " +
    "names below one)",
};

const BUCKETS = {
  // What a URL has in its plain spelling, and a bucket may be called.
  entry: /^[\w!.*'()&$@=;:+-]{1,100}$/,
  expected: "bucket ids separated by commas",
};

/** The longest budget that can be asked for, in seconds; hosted workers live 400 s at most. */
export const MOST_BUDGET_SECONDS = 3600;

/** Google keeps a video for two days. */
const MOST_DEADLINE_MINUTES = 2 * 24 * 60;

/** The longest that jobs wait for a model: the database takes no more. */
const MOST_WAIT_HOURS = 30 * 24;

/** Reads everything and reports all problems at once, so that they can be fixed at once. */
export function readConfiguration(environment: Environment, kind: Kind): Reading {
  const problems: VariableError[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof VariableError)) throw error;
      problems.push(error);
    }
  };
  const read = Object.entries(readers(environment, kind))
    .map(([name, read]) => [name, attempt<unknown>(read)]);
  const { models, leftOut } = attempt(() => readModels(environment, kind)) ??
    { models: [], leftOut: [] };
  const vertex = attempt(() => vertexOf(environment, models));
  if (models.length === 0 && leftOut.length > 0) problems.push(...missingVariables(leftOut));
  if (problems.length > 0) return { problems, models, leftOut };

  const values = Object.fromEntries(read);
  const publicUrl = values.publicUrl ?? values.supabaseUrl;
  // Where a worker lives for less than usual, a run has to end earlier.
  const budgetSeconds = values.budgetSeconds ?? Math.min(120, 0.8 * values.workerLifetimeSeconds);
  const configuration = { ...values, models, vertex, publicUrl, budgetSeconds };
  return { problems, models, leftOut, configuration };
}

/** Operations of models that have left the list are still polled, if the settings for that are right. */
function vertexOf(environment: Environment, models: string[]): VertexSettings | undefined {
  try {
    return readVertexSettings(environment);
  } catch (error) {
    if (models.some(isOfVertex)) throw error;
  }
}

type Readers = {
  [N in Exclude<keyof Configuration, "models" | "vertex">]-?: () => Configuration[N] | undefined;
};

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
    googleApiKey: () => credential(environment, "GOOGLE_GENERATIVE_AI_API_KEY"),
    googleBaseUrl: () => address(environment, "GOOGLE_GENERATIVE_AI_BASE_URL") ?? DEFAULT_BASE_URL,
    concurrency: () =>
      integer(environment, `${prefix}_CONCURRENCY`, {
        fallback: CONCURRENCY[kind],
        least: 1,
        most: 100,
      }),
    budgetSeconds: () =>
      optional(environment, "WORKER_BUDGET_SECONDS") === undefined
        ? undefined
        : seconds(environment, "WORKER_BUDGET_SECONDS", { fallback: 0, most: MOST_BUDGET_SECONDS }),
    workerLifetimeSeconds: () =>
      seconds(environment, "WORKER_LIFETIME_SECONDS", { fallback: 150, most: 86_400 }),
    operationDeadlineSeconds: () =>
      60 * integer(environment, "VIDEO_DEADLINE_MINUTES", {
        fallback: 30,
        least: 1,
        most: MOST_DEADLINE_MINUTES,
      }),
    maxAttempts: () => integer(environment, "MAX_ATTEMPTS", { fallback: 5, least: 1, most: 100 }),
    jobDeadlineHours: () =>
      integer(environment, "JOB_DEADLINE_HOURS", {
        fallback: 24,
        least: 1,
        most: MOST_WAIT_HOURS,
      }),
    fallbackAfterSeconds: () => fallbackOf(environment),
    sourceImageHosts: () =>
      list(environment, "SOURCE_IMAGE_HOSTS", HOSTS)?.map((host) => host.toLowerCase()),
    sourceImageBuckets: () =>
      list(environment, "SOURCE_IMAGE_BUCKETS", BUCKETS) ??
        ["storyboard-images", "storyboard-videos"],
  };
}

function fallbackOf(environment: Environment): number | undefined {
  const name = "FALLBACK_AFTER_SECONDS";
  if (optional(environment, name)?.toLowerCase() === "never") return undefined;
  try {
    return integer(environment, name, { fallback: 600, least: 1, most: 3600 * MOST_WAIT_HOURS });
  } catch (error) {
    if (!(error instanceof VariableError)) throw error;
    throw new VariableError(name, `${error.expected}, or never`);
  }
}

/**
 * `PUBLIC_URL` wins: the CLI skips names that begin with `SUPABASE_`, so it is the one that is set on
 * purpose. The other one is what self-hosted installations have anyway.
 */
export function publicUrlOf(environment: Environment): string | undefined {
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
