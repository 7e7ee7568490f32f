import { casesOf, type Scene } from "./findings.ts";
import { reasonForUncertainty } from "./uncertainty.ts";

/** What happened, in numbers. */
export interface Figures {
  lines: [what: string, counts: Record<string, number>][];
}

export async function figuresOf(scene: Scene & { repairs: number }): Promise<Figures> {
  const { crew, project, faults, simulator } = scene;
  const [cases] = await casesOf(scene);
  const count = (list: Iterable<string>) => {
    const counts: Record<string, number> = {};
    for (const name of list) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  const wires = crew.all.flatMap((member) => [member.project, member.provider]);
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
        count(uncertain.map((one) => String(reasonForUncertainty(one, scene)))),
      ],
      ["claims", { all: cases.reduce((sum, { claims }) => sum + claims.length, 0) }],
      ["processes", {
        started: crew.all.length,
        killed: crew.ends.kill,
        retired: crew.ends.retire,
        suspended: crew.suspensions,
      }],
      ["database restarts", count(project.outages.map(({ how }) => how))],
      ["requests of the functions", { all: wires.reduce((sum, wire) => sum + wire.requests, 0) }],
      ["of these", count(wires.flatMap((wire) => wire.incidents.map(({ fate }) => fate)))],
      ["provider faults", { ...faults.counts }],
      ["paid for", { images: accepted("image"), videos: accepted("video") }],
      ["copies repaired", { all: scene.repairs }],
      ["answers of the functions", { ...crew.answers }],
    ],
  };
}

export function printed({ lines }: Figures): string {
  return lines.map(([what, counts]) => {
    const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
    return `${what}: ${entries.map(([name, number]) => `${number} ${name}`).join(", ") || "none"}`;
  }).join("\n");
}
