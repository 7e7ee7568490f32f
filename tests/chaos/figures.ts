import { jobRecordsOf, type RunRecord } from "./run_record.ts";
import { reasonForUncertainty } from "./uncertainty.ts";

/** The run in numbers. */
export interface Figures {
  lines: [what: string, counts: Record<string, number>][];
}

export async function figuresOf(record: RunRecord & { repairs: number }): Promise<Figures> {
  const { workers, project, faults, simulator, packers } = record;
  const [cases] = await jobRecordsOf(record);
  const count = (list: Iterable<string>) => {
    const counts: Record<string, number> = {};
    for (const name of list) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  const proxies = workers.all.flatMap((process) => [process.project, process.provider]);
  const uncertain = cases.filter(({ row }) => row.error_code === "submission_uncertain");
  const accepted = (kind: string) =>
    simulator.requests.filter((request) => request.kind === kind && request.accepted).length;
  return {
    lines: [
      ["jobs", count(cases.map(({ plan }) => plan.kind))],
      [
        "outcomes",
        count(
          cases.map(({ row }) => row.error_code ? `${row.status} ${row.error_code}` : row.status),
        ),
      ],
      [
        "uncertain because",
        count(uncertain.map((one) => String(reasonForUncertainty(one, record)))),
      ],
      ["claims", { all: cases.reduce((sum, { claims }) => sum + claims.length, 0) }],
      ["processes", {
        started: workers.all.length,
        killed: workers.ends.kill,
        retired: workers.ends.retire,
        suspended: workers.suspensions,
      }],
      ["database restarts", count(project.outages.map(({ how }) => how))],
      ["requests of the functions", {
        all: proxies.reduce((sum, proxy) => sum + proxy.requests, 0),
      }],
      ["of these", count(proxies.flatMap((proxy) => proxy.incidents.map(({ fate }) => fate)))],
      ["provider faults", { ...faults.counts }],
      ["compressed replies of the project", { ...packers.ofProject.counts }],
      ["of the provider", { ...packers.ofProvider.counts }],
      ["paid for", { images: accepted("image"), videos: accepted("video") }],
      ["copies repaired", { all: record.repairs }],
      ["answers of the functions", { ...workers.answers }],
    ],
  };
}

export function printed({ lines }: Figures): string {
  return lines.map(([what, counts]) => {
    const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
    return `${what}: ${entries.map(([name, number]) => `${number} ${name}`).join(", ") || "none"}`;
  }).join("\n");
}
