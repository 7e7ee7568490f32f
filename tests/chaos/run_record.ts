import type { RecordedRequest, Simulator } from "../../local/simulator/mod.ts";
import { type Assets, labelOf } from "./assets.ts";
import type { Workers } from "./workers.ts";
import type { PlannedJob } from "./jobs.ts";
import type { ClaimNote, Project, Row } from "./project.ts";
import type { Packer } from "./packer.ts";
import type { ProviderFaults } from "./provider_faults.ts";

/** What compresses the replies of each service. */
export interface Packers {
  ofProject: Packer;
  ofProvider: Packer;
}

/** Everything that is known about a run. */
export interface RunRecord {
  project: Project;
  simulator: Simulator;
  assets: Assets;
  faults: ProviderFaults;
  workers: Workers;
  jobs: PlannedJob[];
  packers: Packers;
}

/** What the plan, the ledger, the claims and the provider know about one job. */
export interface JobRecord {
  plan: PlannedJob;
  row: Row;
  /** In the order in which they were made. */
  claims: ClaimNote[];
  /** The requests to the provider, oldest first. */
  requests: RecordedRequest[];
}

/** Joins plans, ledger rows, claims and requests by job. The second list names what does not fit. */
export async function jobRecordsOf(record: RunRecord): Promise<[JobRecord[], string[]]> {
  const violations: string[] = [];
  const plans = new Map(record.jobs.map((plan) => [plan.label, plan]));
  const claims = Map.groupBy(await record.project.claims(), messageOf);
  const requests = Map.groupBy(record.simulator.requests, ({ prompt }) => labelOf(prompt));
  const cases: JobRecord[] = [];
  const seen = new Set<string>();
  for (const row of await record.project.rows()) {
    const label = String(row.owner);
    const plan = plans.get(label);
    if (plan === undefined || seen.has(label)) {
      violations.push(`${label}: a ledger row without a sent job, ${row.id}`);
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
      violations.push(`the provider got a request without a sent job: ${prompt}`);
    }
  }
  for (const label of plans.keys()) {
    if (!seen.has(label)) violations.push(`${label}: sent, but not in the ledger`);
  }
  return [cases, violations];
}

/** The port of the proxy through which a request came. */
export function portOf(request: RecordedRequest): number {
  return Number(request.headers.host.split(":")[1]);
}

function messageOf({ queue, msg_id }: { queue: string; msg_id: number }): string {
  return `${queue} ${msg_id}`;
}
