/**
 * The chaos run: real processes drain real queues on a real PostgreSQL while faults occur all the
 * time. Then the faults stop, the jobs end, and every job is checked.
 */
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { Assets } from "./assets.ts";
import { LEASE, MAX_ATTEMPTS, VIDEO_DELAY } from "./conditions.ts";
import { Workers } from "./workers.ts";
import { Dice } from "./dice.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type Kind, planJob, type PlannedJob } from "./jobs.ts";
import { Project } from "./project.ts";
import { Packer } from "./packer.ts";
import type { Packers } from "./run_record.ts";
import { ProviderFaults } from "./provider_faults.ts";
import { violationsOf } from "./verdict.ts";

export interface ChaosOptions {
  seed: string;
  /** How long faults occur. */
  seconds: number;
  log?: (line: string) => void;
}

export interface Outcome {
  /** The violations; empty when every promise held. */
  violations: string[];
  figures: Figures;
  /** The logs of the processes, one file each. Kept if there are violations. */
  logFolder: string;
}

/** Processes of each kind. */
const PROCESSES: Kind[] = ["image", "image", "image", "image", "video", "video", "video", "video"];

/** How many live jobs there are at a time. */
const BACKLOG = 30;

/** How likely a request of a function meets a fault on its way. */
const TROUBLE = 0.04;

/** How likely the body of a reply is compressed, and how likely one of the provider is lied about. */
const PACKED = 0.2;
const LIED = 0.02;

/** How many requests a process makes before it may be killed. */
const BEGUN = 4;

/** How long the jobs may take to end once the faults have stopped. Milliseconds. */
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
  const pack = (target: string, name: string, lie: number) =>
    Packer.start({ target, dice: new Dice(`${seed}/${name}`), chances: { pack: PACKED, lie } });
  await using ofProject = await pack(project.stack.url, "packed project", 0);
  await using ofProvider = await pack(new URL(simulator.url).origin, "packed provider", LIED);
  const packers = { ofProject, ofProvider };
  const run = new Run(options, project, simulator, packers, faults, logFolder);
  try {
    await run.trouble();
    log(`faults stop; ${await project.live()} jobs have not ended yet`);
    await run.rest();
  } finally {
    await run.workers.close();
  }
  const { workers, jobs, repairs } = run;
  const findings = { project, simulator, assets, faults, workers, jobs, packers };
  const violations = [...run.failures, ...workers.failures, ...await violationsOf(findings)];
  const figures = await figuresOf({ ...findings, repairs });
  if (violations.length === 0) await Deno.remove(logFolder, { recursive: true });
  return { violations, figures, logFolder };
}

class Run {
  readonly workers: Workers;
  readonly jobs: PlannedJob[] = [];
  readonly failures: string[] = [];
  /** How many jobs whose copies were missing were repaired. */
  repairs = 0;
  #over = false;

  constructor(
    private readonly options: ChaosOptions,
    private readonly project: Project,
    simulator: Simulator,
    private readonly packers: Packers,
    private readonly faults: ProviderFaults,
    logFolder: string,
  ) {
    this.workers = new Workers({
      stack: project.stack,
      ports: { project: packers.ofProject.port, provider: packers.ofProvider.port },
      simulatorKey: simulator.apiKey,
      // Short, so that jobs pass from worker to worker.
      env: {
        WORKER_BUDGET_SECONDS: "5",
        MAX_ATTEMPTS: String(MAX_ATTEMPTS),
        VIDEO_CONCURRENCY: "2",
        VIDEO_MODELS: "veo-3.1-fast-generate-preview,gemini-omni-1.1-flash",
      },
      seed: options.seed,
      trouble: TROUBLE,
      logFolder,
    });
  }

  /** Runs the processes and injects faults for as long as the options say. */
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

  /** Runs processes without faults until every job has ended. */
  async rest(): Promise<void> {
    const { workers, project, faults } = this;
    faults.calm = true;
    this.packers.ofProvider.calm = true;
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
    // Those processes are gone, too, before missing copies are counted.
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

  /** Repeats an action, with chance of its own, until the faults stop. */
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

  /** Ends a process and starts another one. */
  async #kill(dice: Dice): Promise<void> {
    await pause(dice.between(200, 1000));
    // On a busy machine a process takes seconds to start: only one that has begun to work is ended.
    const begun = this.workers.awake.filter(({ project }) => project.requests >= BEGUN);
    if (begun.length === 0) return;
    const process = dice.pick(begun);
    const how = dice.chance(0.1) ? "retire" : "kill";
    const ended = this.workers.end(process, how);
    this.workers.start(process.kind);
    // Its late requests still arrive, and a retired process has some seconds left.
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
    await this.#pauseUntilOver(dice.between(4000, 8000));
    if (this.#over) return;
    await this.project.restart(dice.pick(["fast", "immediate"]), dice.between(0, 1500));
  }

  /** Suspends a process for longer than the lease of an image. */
  async #suspend(dice: Dice): Promise<void> {
    await this.#pauseUntilOver(dice.between(1000, 5000));
    const images = this.workers.awake.filter(({ kind }) => kind === "image");
    if (this.#over || images.length < 2) return;
    await this.workers.suspend(
      dice.pick(images),
      this.#pauseUntilOver(dice.between(LEASE, LEASE + 5000)),
    );
  }

  async #pauseUntilOver(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!this.#over && Date.now() < end) await pause(100);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
