/** What a job costs in the process of a function: the product and its peers, side by side. */
import type { DenoVersion } from "../../local/stack/functions/deno_binary.ts";
import { median, short } from "./numbers.ts";
import { type Load, type Requests, StandIn } from "./stand_in.ts";
import { Subject, type SubjectName, SUBJECTS } from "./subject.ts";

/** One measurement: so many jobs, until the queue was empty. Times are milliseconds a job. */
export interface Sample {
  cpu: number;
  wall: number;
  /** The CPU time of the stand-in, which must never be what the others wait for. */
  standIn: number;
  requests: Requests;
}

export interface Jobs {
  load: Load;
  version: DenoVersion;
  rounds: number;
  concurrency?: number;
}

/** Jobs that fill caches and are not counted. */
const WARM_UP = 10;

/** The subjects take turns, each in the same process from the first to the last round. */
export async function measureJobs(
  { load, version, rounds, concurrency }: Jobs,
): Promise<Record<SubjectName, Sample[]>> {
  await using standIn = await StandIn.start();
  await using started = new AsyncDisposableStack();
  const samples = {} as Record<SubjectName, Sample[]>;
  const subjects: [SubjectName, Subject][] = [];
  for (const name of SUBJECTS) {
    const options = { name, version, kind: load.kind, standIn, concurrency };
    const subject = started.use(await Subject.start(options));
    await standIn.begin({ ...load, jobs: Math.min(WARM_UP, load.jobs) });
    await subject.drain();
    subjects.push([name, subject]);
    samples[name] = [];
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, subject] of subjects) {
      samples[name].push(await measure(subject, standIn, load));
    }
  }
  return samples;
}

async function measure(subject: Subject, standIn: StandIn, load: Load): Promise<Sample> {
  await standIn.begin(load);
  const before = { cpu: subject.cpu, standIn: standIn.cpu, at: performance.now() };
  const done = await subject.drain();
  const wall = performance.now() - before.at;
  if (done !== load.jobs) throw new Error(`${done} of ${load.jobs} jobs succeeded`);
  return {
    cpu: (subject.cpu - before.cpu) / done,
    standIn: (standIn.cpu - before.standIn) / done,
    wall: wall / done,
    requests: (await standIn.result()).requests,
  };
}

/** The columns of what compares the subjects. */
export const COLUMNS = ["", ...SUBJECTS, "of `fetch`", "of `pipe`"];

/** A row: a median of each subject, and how the product's compares with two of them. */
export function row(label: string, of: (name: SubjectName) => number[]): string[] {
  const medians = SUBJECTS.map((name) => median(of(name)));
  const [product, fetch, , pipe] = medians;
  return [label, ...medians.map(short), short(product / fetch), short(product / pipe)];
}
