/**
 * Examines a deployment from end to end. It changes nothing: what is called is refused, or only looks,
 * but for webhooks that are due, which are sent.
 */
import { createRedact } from "../../supabase/functions/_shared/redact.ts";
import type { Surroundings } from "../surroundings.ts";
import { isMissing } from "../exchange.ts";
import { LostAnswer } from "../failure.ts";
import { Api, Refused } from "./api.ts";
import { checkBuckets } from "./buckets.ts";
import { checkClock } from "./clock.ts";
import { checkAccess, checkConnection } from "./connection.ts";
import { publicKeys, readKey, readUrl } from "./environment.ts";
import { checkFailures, checkPublications } from "./failures.ts";
import { failed, type Finding, type Observation, skipped } from "./finding.ts";
import { checkAuthorization, checkFunctions } from "./functions.ts";
import { checkMigrations } from "./migrations.ts";
import { checkProvider } from "./provider.ts";
import { checkQueues } from "./queues.ts";
import { checkSchedule } from "./schedule.ts";
import { RUN_MIGRATIONS_AGAIN, type Visit } from "./visit.ts";
import { checkWebhooks } from "./webhooks.ts";

interface Check {
  name: string;
  /** Checks without whose success this one would say nothing. */
  needs: string[];
  look(visit: Visit): Promise<Observation[]>;
}

const ONCE_MORE = "deno run --allow-net --allow-env queue-trigger.ts doctor";

/** In the order in which one thing builds upon the other. */
const CHECKS: Check[] = [
  { name: "connection", needs: ["url"], look: checkConnection },
  { name: "access", needs: ["key", "connection"], look: checkAccess },
  { name: "clock", needs: ["connection"], look: checkClock },
  { name: "migrations", needs: ["access"], look: checkMigrations },
  { name: "queues", needs: ["access"], look: checkQueues },
  { name: "buckets", needs: ["access"], look: checkBuckets },
  { name: "functions", needs: ["connection"], look: checkFunctions },
  { name: "authorization", needs: ["access"], look: checkAuthorization },
  { name: "provider", needs: ["access"], look: checkProvider },
  { name: "schedule", needs: ["access"], look: checkSchedule },
  { name: "failures", needs: ["access"], look: checkFailures },
  { name: "publications", needs: ["access"], look: checkPublications },
  { name: "webhooks", needs: ["access"], look: checkWebhooks },
];

/** Examines the project that the environment names; `version` is the one of this clone. */
export async function examine(
  version: string,
  surroundings: Pick<Surroundings, "environment" | "fetch" | "now">,
): Promise<Finding[]> {
  const { environment, now } = surroundings;
  const url = readUrl(environment);
  const key = readKey(environment, url.value, now());
  const visit: Visit = {
    api: new Api(url.value ?? "", key.value ?? null, surroundings),
    publicKeys: publicKeys(environment),
    version,
    now,
    functions: new Set(),
  };
  const findings: Finding[] = [
    { check: "url", ...url.observation },
    { check: "key", ...key.observation },
  ];
  for (const check of CHECKS) {
    const missed = check.needs.filter((name) => !holds(name, findings));
    const observations = missed.length > 0
      ? [because(missed)]
      : await observe(check, visit, findings);
    findings.push(...observations.map((observation) => ({ check: check.name, ...observation })));
  }
  return findings.map(withoutSecrets(environment));
}

/** A check that was skipped, or failed, is nothing to build upon. */
function holds(name: string, findings: Finding[]): boolean {
  return findings.every(({ check, status }) =>
    check !== name || status === "ok" || status === "warning"
  );
}

async function observe(
  { look }: Check,
  visit: Visit,
  findings: Finding[],
): Promise<Observation[]> {
  try {
    return await look(visit);
  } catch (error) {
    if (error instanceof LostAnswer) {
      return [
        failed(`There was no answer: ${error.message}`, ONCE_MORE),
      ];
    }
    if (!(error instanceof Refused)) throw error;
    const { code } = error.answer;
    if (!isMissing(code) && code !== "42501") return [failed(error.message, ONCE_MORE)];
    const known = ["migrations", "queues"].find((name) => !holds(name, findings));
    return [known ? because([known]) : failed(error.message, RUN_MIGRATIONS_AGAIN)];
  }
}

function because(names: string[]): Observation {
  return skipped(`Not looked at, because of what is said of ${names.join(" and ")}.`);
}

/** Whoever answers may quote the keys that were sent along. */
function withoutSecrets(environment: Surroundings["environment"]): (finding: Finding) => Finding {
  const secrets = [
    "SUPABASE_SECRET_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "WORKER_SECRET",
  ].flatMap((name) => environment(name)?.trim() || []);
  const redact = createRedact(secrets);
  return (finding) => redact(finding) as Finding;
}
