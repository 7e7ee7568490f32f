/**
 * The chaos run: real processes drain real queues on a real PostgreSQL, and whatever can go wrong
 * does, all the time. Then all is calm, everything is brought to its end, and every job is looked at.
 */
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { Assets } from "./assets.ts";
import { Workers } from "./workers.ts";
import { Dice } from "./dice.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type Kind, planJob, type PlannedJob } from "./jobs.ts";
import { Project } from "./project.ts";
import { ProviderFaults } from "./provider_faults.ts";
import { violationsOf } from "./verdict.ts";

export interface ChaosOptions {
  seed: string;
  /** How long things go wrong. */
  seconds: number;
  log?: (line: string) => void;
}

export interface Outcome {
  /** What must not have happened; empty when all is well. */
  violations: string[];
  figures: Figures;
  /** What the processes wrote, one file each. Kept when something is wrong. */
  logFolder: string;
}

/** Processes of each kind. */
const PROCESSES: Kind[] = ["image", "image", "image", "image", "video", "video", "video", "video"];

/** How many jobs are under way or waiting at a time. */
const BACKLOG = 30;

/** How likely a request of a function meets a fault on its way. */
const TROUBLE = 0.04;

/** After so many attempts a job has failed; more than by default, as so much goes wrong. */
export const MAX_ATTEMPTS = 8;

/** How long a video takes. Milliseconds. */
export const VIDEO_DELAY = 1000;

/** How many requests a process makes before it may be killed. */
const BEGUN = 4;

/** How long a lease of an image is. Milliseconds. */
const IMAGE_LEASE = 30_000;

/** How long it may take until everything has come to rest. Milliseconds. */
const REST_TIME = 180_000;

export async function play(options: ChaosOptions): Promise<Outcome> {
  const { seed, log = () => {} } = options;
  const logFolder = await Deno.makeTempDir({ prefix: "chaos-" });
  const assets = new Assets();
  const faults = new ProviderFaults(new Dice(`${seed}/provider`));
  await using project = await Project.start();
  await using simulator = await startSimulator({
    painter: assets,
    fault: (request) => faults.decide(request),
    videoDelayMs: VIDEO_DELAY,
  });
  const run = new Run(options, project, simulator, faults, logFolder);
  try {
    await run.trouble();
    log(`faults stop; ${await project.live()} jobs have not ended yet`);
    await run.rest();
  } finally {
    await run.workers.close();
  }
  const { workers, jobs, repairs } = run;
  const findings = { project, simulator, assets, faults, workers, jobs };
  const violations = [...run.failures, ...workers.failures, ...await violationsOf(findings)];
  const figures = await figuresOf({ ...findings, repairs });
  if (violations.length === 0) await Deno.remove(logFolder, { recursive: true });
  return { violations, figures, logFolder };
}

class Run {
  readonly workers: Workers;
  readonly jobs: PlannedJob[] = [];
  readonly failures: string[] = [];
  /** Copies that dead workers left undone. */
  repairs = 0;
  #over = false;

  constructor(
    private readonly options: ChaosOptions,
    private readonly project: Project,
    simulator: Simulator,
    private readonly faults: ProviderFaults,
    logFolder: string,
  ) {
    this.workers = new Workers({
      stack: project.stack,
      simulatorUrl: simulator.url,
      simulatorKey: simulator.apiKey,
      // Short, so that jobs go from hand to hand.
      env: {
        WORKER_BUDGET_SECONDS: "5",
        MAX_ATTEMPTS: String(MAX_ATTEMPTS),
        VIDEO_CONCURRENCY: "2",
      },
      seed: options.seed,
      trouble: TROUBLE,
      logFolder,
    });
  }

  /** Everything goes wrong for as long as was asked for. */
  async trouble(): Promise<void> {
    for (const kind of PROCESSES) this.workers.start(kind);
    const ending = setTimeout(() => this.#over = true, this.options.seconds * 1000);
    try {
      await Promise.all([
        this.#until("sender", () => this.#send()),
        this.#until("operator", () => this.#operate()),
        this.#until("killer", (dice) => this.#kill(dice)),
        this.#until("cutter", (dice) => this.#cut(dice)),
        this.#until("restarter", (dice) => this.#restart(dice)),
        this.#until("suspender", (dice) => this.#suspend(dice)),
        this.#until("second suspender", (dice) => this.#suspend(dice)),
      ]);
    } finally {
      this.#over = true;
      clearTimeout(ending);
    }
  }

  /** Everything is brought to its end by processes that nobody disturbs. */
  async rest(): Promise<void> {
    const { workers, project, faults } = this;
    faults.calm = true;
    workers.calm = true;
    await workers.endAll("kill");
    for (const kind of ["image", "image", "video", "video"] as const) workers.start(kind);
    const deadline = Date.now() + REST_TIME;
    while (await project.live() > 0) {
      await this.#operate();
      if (Date.now() > deadline) {
        this.failures.push(`${await project.live()} jobs have not ended after all that time`);
        return;
      }
      await pause(200);
    }
    // The processes that were calm have no copies left to make either, once they are gone.
    await workers.endAll("retire");
    this.repairs = await project.hastenRepairs();
    for (const kind of ["image", "video"] as const) workers.start(kind);
    while (await project.hastenRepairs() > 0) {
      if (Date.now() > deadline) {
        this.failures.push("copies that are due have not been made after all that time");
        return;
      }
      await pause(500);
    }
  }

  /** Repeats what somebody does, with that somebody's own luck, until trouble is over. */
  async #until(name: string, work: (dice: Dice) => Promise<void>): Promise<void> {
    const dice = new Dice(`${this.options.seed}/${name}`);
    while (!this.#over) await work(dice);
  }

  async #send(): Promise<void> {
    if (await this.project.live() >= BACKLOG) return await pause(100);
    const job = planJob(this.options.seed, this.jobs.length, this.project.publicUrl("image"));
    this.jobs.push(job);
    await this.project.send(job);
  }

  async #operate(): Promise<void> {
    await this.project.operate(this.workers.gone.map(({ project }) => project.port));
    await pause(200);
  }

  /** Ends a process and starts another one in its place. */
  async #kill(dice: Dice): Promise<void> {
    await pause(dice.between(200, 1000));
    // On a busy machine a process takes seconds to start: it is to have begun with something.
    const begun = this.workers.awake.filter(({ project }) => project.requests >= BEGUN);
    if (begun.length === 0) return;
    const process = dice.pick(begun);
    const how = dice.chance(0.1) ? "retire" : "kill";
    const ended = this.workers.end(process, how);
    this.workers.start(process.kind);
    // What is late of it still arrives, and one that is retired has some seconds left.
    ended.catch((error) => this.failures.push(`process ${process.number}: ${error.message}`));
  }

  /** Cuts a process off for a while. */
  async #cut(dice: Dice): Promise<void> {
    await pause(dice.between(1000, 3000));
    const process = dice.pick(this.workers.awake);
    const proxy = dice.chance(0.5) ? process.project : process.provider;
    await proxy.fail(dice.between(100, 800));
  }

  async #restart(dice: Dice): Promise<void> {
    await this.#pauseWhileTroubled(dice.between(4000, 8000));
    if (this.#over) return;
    await this.project.restart(dice.pick(["fast", "immediate"]), dice.between(0, 1500));
  }

  /** Suspends a process for longer than the lease of an image: it wakes with a reply in its hand. */
  async #suspend(dice: Dice): Promise<void> {
    await this.#pauseWhileTroubled(dice.between(1000, 5000));
    const images = this.workers.awake.filter(({ kind }) => kind === "image");
    if (this.#over || images.length < 2) return;
    await this.workers.suspend(
      dice.pick(images),
      this.#pauseWhileTroubled(dice.between(IMAGE_LEASE, IMAGE_LEASE + 5000)),
    );
  }

  async #pauseWhileTroubled(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!this.#over && Date.now() < end) await pause(100);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
