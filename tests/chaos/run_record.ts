import type { RecordedRequest, Simulator } from "../../local/simulator/mod.ts";
import { type Assets, labelOf } from "./assets.ts";
import type { Workers } from "./workers.ts";
import type { PlannedJob } from "./jobs.ts";
import type { ClaimNote, Project, Row } from "./project.ts";
import type { ProviderFaults } from "./provider_faults.ts";

/** Everything that a run left behind. */
export interface RunRecord {
  project: Project;
  simulator: Simulator;
  assets: Assets;
  faults: ProviderFaults;
  workers: Workers;
  jobs: PlannedJob[];
}

/** What is known of a job from all sides. */
export interface JobRecord {
  plan: PlannedJob;
  row: Row;
  /** In the order in which they were made. */
  claims: ClaimNote[];
  /** What was asked of the provider for it, oldest first. */
  requests: RecordedRequest[];
}

/** Brings plans, ledger, claims and requests together. The second list is what does not fit. */
export async function jobRecordsOf(record: RunRecord): Promise<[JobRecord[], string[]]> {
  const violations: string[] = [];
  const plans = new Map(record.jobs.map((plan) => [plan.label, plan]));
  const claims = Map.groupBy(await record.project.claims(), messageOf);
  const requests = Map.groupBy(record.simulator.requests, ({ prompt }) => labelOf(prompt));
  const cases: JobRecord[] = [];
  const seen = new Set<string>();
  for (const row of await record.project.rows()) {
    const label = String((row.message as { chaos?: unknown } | null)?.chaos);
    const plan = plans.get(label);
    if (plan === undefined || seen.has(label)) {
      violations.push(`${label}: a ledger row that nobody sent, ${row.id}`);
      continue;
    }
    seen.add(label);
    cases.push({
      plan,
      row,
      claims: claims.get(messageOf(row)) ?? [],
      requests: requests.get(label) ?? [],
    });
  }
  for (const { kind, prompt } of record.simulator.requests) {
    const generates = kind === "image" || kind === "video";
    if (generates && !seen.has(labelOf(prompt) ?? "")) {
      violations.push(`the provider was asked for what nobody sent: ${prompt}`);
    }
  }
  for (const label of plans.keys()) {
    if (!seen.has(label)) violations.push(`${label}: sent, but not in the ledger`);
  }
  return [cases, violations];
}

/** The port at which a request came to the provider's door. */
export function portOf(request: RecordedRequest): number {
  return Number(request.headers.host.split(":")[1]);
}

function messageOf({ queue, msg_id }: { queue: string; msg_id: number }): string {
  return `${queue} ${msg_id}`;
}
