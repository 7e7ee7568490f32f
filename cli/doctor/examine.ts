/** Checks an installation from end to end. It only reads. */
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { createRedact } from "../../supabase/functions/_shared/redact.ts";
import { credential } from "../../supabase/functions/_shared/variable.ts";
import { vertexSecretsIn } from "../../supabase/functions/_shared/vertex/settings.ts";
import { Api, isMissing, LostReply, Refused } from "../api.ts";
import type { Io } from "../io.ts";
import { PLACEHOLDER_KEY, PUBLIC_KEYS, readKey, readUrl } from "../project.ts";
import type { Session } from "../session.ts";
import { checkBuckets } from "./buckets.ts";
import { checkClock, Clock } from "./clock.ts";
import { checkAccess, checkConnection } from "./connection.ts";
import { type Context, RUN_MIGRATIONS_AGAIN } from "./context.ts";
import { checkFailures, checkPublications } from "./failures.ts";
import { failed, type Finding, type Observation, skipped } from "./finding.ts";
import { checkAuthorization, checkFunctions } from "./functions.ts";
import { checkMigrations } from "./migrations.ts";
import { checkModels } from "./models.ts";
import { checkProvider } from "./provider.ts";
import { checkQueues } from "./queues.ts";
import { checkSchedule } from "./schedule.ts";
import { checkWebhooks } from "./webhooks.ts";

interface Check {
  name: string;
  /** Checks that must have succeeded before. */
  needs: string[];
  run(context: Context): Promise<Observation[]>;
}

const AGAIN = "deno run --allow-net --allow-env queue-trigger.ts doctor";

/** In the order in which they depend on each other. */
const CHECKS: Check[] = [
  { name: "connection", needs: ["url"], run: checkConnection },
  { name: "access", needs: ["key", "connection"], run: checkAccess },
  { name: "clock", needs: ["connection"], run: checkClock },
  { name: "migrations", needs: ["access"], run: checkMigrations },
  { name: "queues", needs: ["access"], run: checkQueues },
  { name: "buckets", needs: ["access"], run: checkBuckets },
  { name: "functions", needs: ["connection"], run: checkFunctions },
  { name: "authorization", needs: ["access"], run: checkAuthorization },
  { name: "provider", needs: ["access"], run: checkProvider },
  { name: "models", needs: ["access"], run: checkModels },
  { name: "schedule", needs: ["access"], run: checkSchedule },
  { name: "failures", needs: ["access"], run: checkFailures },
  { name: "publications", needs: ["access"], run: checkPublications },
  { name: "webhooks", needs: ["access"], run: checkWebhooks },
];

/** Checks the project that the environment names. */
export async function examine(
  { core, io, userAgent }: Pick<Session, "userAgent"> & {
    core: Pick<Session["core"], "version">;
    io: Pick<Io, "environment" | "fetch" | "now">;
  },
): Promise<Finding[]> {
  const { environment, now } = io;
  const { value: url, ...ofUrl } = readUrl(environment);
  const { value: key, ...ofKey } = readKey(environment, url, now());
  const clock = new Clock(io);
  const context: Context = {
    api: new Api(url ?? "", key ?? null, clock.fetch, userAgent),
    clock,
    publicKeys: publicKeys(environment),
    version: core.version(),
    functions: new Set(),
    leftOut: new Map(),
  };
  const findings: Finding[] = [{ check: "url", ...ofUrl }, { check: "key", ...ofKey }];
  for (const check of CHECKS) {
    const missed = check.needs.filter((name) => !holds(name, findings));
    const observations = missed.length > 0
      ? [because(missed)]
      : await observe(check, context, findings);
    findings.push(...observations.map((observation) => ({ check: check.name, ...observation })));
  }
  return findings.map(withoutSecrets(environment));
}

/** The public keys that the environment names. */
function publicKeys(environment: Io["environment"]): string[] {
  return PUBLIC_KEYS.flatMap((name) => {
    try {
      return credential(environment, name) ?? [];
    } catch {
      return [];
    }
  });
}

/** Whether a check has neither failed nor been skipped. */
function holds(name: string, findings: Finding[]): boolean {
  return findings.every(({ check, status }) =>
    check !== name || status === "ok" || status === "warning"
  );
}

async function observe(
  { run }: Check,
  context: Context,
  findings: Finding[],
): Promise<Observation[]> {
  try {
    return await run(context);
  } catch (error) {
    if (error instanceof LostReply) {
      return [failed(`There was no answer: ${error.reason}`, AGAIN)];
    }
    if (!(error instanceof Refused)) throw error;
    const { what, reply } = error;
    const message = `${what} failed (${reply.said})`;
    if (!isMissing(reply) && reply.code !== "42501") return [failed(message, AGAIN)];
    const known = ["migrations", "queues"].find((name) => !holds(name, findings));
    return [known ? because([known]) : failed(message, RUN_MIGRATIONS_AGAIN)];
  }
}

function because(names: string[]): Observation {
  return skipped(`Not checked, because of: ${names.join(", ")}.`);
}

/** A reply may quote the keys that were sent. */
function withoutSecrets(environment: Io["environment"]): (finding: Finding) => Finding {
  const secrets = [
    "SUPABASE_SECRET_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "WORKER_SECRET",
  ].flatMap((name) => environment(name)?.trim() || []).concat(vertexSecretsIn(environment));
  const known = new KnownSecrets(secrets.filter((secret) => secret !== PLACEHOLDER_KEY));
  const redact = createRedact(known);
  return (finding) => redact(finding) as Finding;
}
