/** The process that stands in for PostgREST, Storage and the provider. */
import { cpuTime } from "../../tests/support/process_usage.ts";
import { cargoBuild, ROOT } from "./programs.ts";

/** The work of one measurement, as the stand-in reads it (`stand_in/src/load.rs`). */
export interface Load {
  kind: "image" | "video";
  jobs: number;
  asset: number;
  source?: number;
  polls?: number;
  gzip?: boolean;
}

/** How often each thing was asked for, by service. */
export type Requests = Record<string, Record<string, number>>;

export class StandIn implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, readonly url: string) {
    this.#child = child;
  }

  /** Builds it, which takes a minute the first time, and starts it. */
  static async start(): Promise<StandIn> {
    const target = `${ROOT}target/stand_in`;
    await cargoBuild(`${ROOT}benches/stand_in/Cargo.toml`, target);
    const child = new Deno.Command(`${target}/release/generation-queue-stand-in`, {
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await reader.read();
    const port = /^listening on port (\d+)$/m.exec(value)?.[1];
    if (!port) throw new Error(`the stand-in said ${JSON.stringify(value)}`);
    return new StandIn(child, `http://127.0.0.1:${port}`);
  }

  async begin(load: Load): Promise<void> {
    const body = JSON.stringify(load);
    const response = await fetch(`${this.url}/control`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
    await response.body?.cancel();
  }

  /** What was asked for since the beginning, and how many jobs are left. */
  async result(): Promise<{ left: number; requests: Requests }> {
    return await (await fetch(`${this.url}/control`)).json();
  }

  /** Its CPU time in milliseconds. */
  get cpu(): number {
    return cpuTime(this.#child.pid).all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}
