import type { Incident } from "./faulty_proxy.ts";
import { type JobRecord, portOf, type RunRecord } from "./run_record.ts";

/** The calls whose loss leaves open whether a submission was made or recorded. */
const SUBMISSION_CALLS =
  /\/rpc\/(begin_generation_submission|record_generation_operation|defer_generation_job|fail_generation_job)/;

/**
 * Why the outcome of a submission is unknown: its process ended, or a request or reply around it was
 * lost. Undefined if there is no reason.
 */
export function reasonForUncertainty(
  { plan, row, claims, requests }: JobRecord,
  { workers, faults, project }: RunRecord,
): string | undefined {
  const announced = claims.findIndex(({ read_ct }) => read_ct === row.submission_lease_token);
  const claim = claims[announced];
  const process = claim && workers.processAt(claim.port);
  if (process === undefined) return undefined;
  const from = claim.at.getTime();
  const until = claims[announced + 1]?.at.getTime() ?? Date.now();
  const within = (one: { from: number; until: number }) => one.from <= until && one.until >= from;

  const next = claims[announced + 1];
  if (next !== undefined && process.endedAt !== undefined && process.endedAt <= until) {
    return "process ended";
  }
  const answers = requests.filter((request) => portOf(request) === process.provider.port);
  if (answers.some((request) => faults.leftUncertain(request))) return "provider failed";
  const lost = (incidents: Incident[], concerns: (request: string) => boolean) =>
    incidents.some((incident) =>
      incident.fate !== "slow" && incident.fate !== "late" && within(incident) &&
      (incident.request === "" || concerns(incident.request))
    );
  const submits = (request: string) => request.includes(`${plan.label}:`);
  if (lost(process.provider.incidents, submits)) return "reply of the provider lost";
  const writes = (request: string) =>
    SUBMISSION_CALLS.test(request) && request.includes(`"msg_id":${row.msg_id},`);
  if (lost(process.project.incidents, writes)) return "reply of the database lost";
  if (project.outages.some(within)) return "database restarted";
  return undefined;
}
