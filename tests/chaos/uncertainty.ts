import type { Incident } from "./wire.ts";
import { type Case, portOf, type Scene } from "./findings.ts";

/** The calls whose loss leaves open whether a submission was made, or keeps it from being said. */
const SUBMISSION_CALLS =
  /\/rpc\/(begin_generation_submission|record_generation_operation|defer_generation_job|fail_generation_job)/;

/**
 * Why nobody can know whether a job's submission was made: its process ended, or something that was
 * said around the submission was lost. Undefined if there is no reason.
 */
export function reasonForUncertainty(
  { plan, row, claims, requests }: Case,
  { crew, faults, project }: Scene,
): string | undefined {
  const announced = claims.findIndex(({ read_ct }) => read_ct === row.submission_lease_token);
  const claim = claims[announced];
  const member = claim && crew.memberAt(claim.port);
  if (member === undefined) return undefined;
  const from = claim.at.getTime();
  const until = claims[announced + 1]?.at.getTime() ?? Date.now();
  const within = (one: { from: number; until: number }) => one.from <= until && one.until >= from;

  const next = claims[announced + 1];
  if (next !== undefined && member.endedAt !== undefined && member.endedAt <= until) {
    return "process ended";
  }
  const answers = requests.filter((request) => portOf(request) === member.provider.port);
  if (answers.some((request) => faults.leftUncertain(request))) return "provider failed";
  const lost = (incidents: Incident[], concerns: (request: string) => boolean) =>
    incidents.some((incident) =>
      incident.fate !== "slow" && incident.fate !== "late" && within(incident) &&
      (incident.request === "" || concerns(incident.request))
    );
  const submits = (request: string) => request.includes(`${plan.label}:`);
  if (lost(member.provider.incidents, submits)) return "reply of the provider lost";
  const writes = (request: string) =>
    SUBMISSION_CALLS.test(request) && request.includes(`"msg_id":${row.msg_id},`);
  if (lost(member.project.incidents, writes)) return "reply of the database lost";
  if (project.outages.some(within)) return "database restarted";
  return undefined;
}
