/** Installations for the doctor: real ones, in which a test breaks something and repairs it again. */
import { deepEqual, ok } from "node:assert/strict";
import { examine } from "../../cli/doctor/examine.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import type { Simulator } from "../../local/simulator/mod.ts";
import type { Stack, StackOptions } from "../../local/stack/mod.ts";
import { version } from "../../pkg/generation_queue.js";
import { TestProject } from "../support/test_project.ts";

export const ROOT = new URL("../../", import.meta.url);

/** A project with the simulator instead of Google, and the doctor's findings on it. */
export class DoctorFixture implements AsyncDisposable {
  private constructor(private readonly project: TestProject) {}

  static async open({ env, ...stack }: StackOptions = {}): Promise<DoctorFixture> {
    return new DoctorFixture(
      await TestProject.start({ env, stack: { tick: true, ...stack } }),
    );
  }

  get stack(): Stack {
    return this.project.stack;
  }

  get simulator(): Simulator {
    return this.project.simulator;
  }

  get environment(): Record<string, string> {
    return this.project.variables;
  }

  /** All findings, with other variables or another connection. */
  async examine(
    change: Record<string, string> = {},
    send: (request: Request) => Promise<Response> = (request) => fetch(request),
    clone = version(),
  ): Promise<Finding[]> {
    const environment: Record<string, string> = { ...this.environment, ...change };
    const findings = await examine({
      core: { version: () => clone },
      io: { environment: (name) => environment[name], fetch: send, now: Date.now },
      userAgent: "generation-queue/test",
    });
    const shown = JSON.stringify(findings);
    for (const key of [...Object.values(this.keys), change.SUPABASE_SECRET_KEY]) {
      ok(!key || !shown.includes(key), "no key is shown");
    }
    return findings;
  }

  get keys() {
    const { secretKey, publishableKey } = this.stack;
    return { secretKey, publishableKey, google: this.simulator.apiKey };
  }

  /** The findings between two statements: `broken` breaks something, `repaired` repairs it. */
  async whileBroken(broken: string, repaired: string): Promise<Finding[]> {
    await this.sql(broken);
    try {
      return await this.examine();
    } finally {
      await this.sql(repaired);
    }
  }

  /** Runs statements, one after the other. */
  async sql(statements: string): Promise<void> {
    for (const statement of statements.split(";\n")) await this.stack.sql(statement);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
  }
}

export const wrong = (findings: Finding[]) =>
  findings.filter(({ status }) => status === "failed" || status === "warning");

/** Asserts that one thing is wrong, and no other, and answers it. */
export function only(findings: Finding[], status: Finding["status"], check: string): Finding {
  const found = wrong(findings);
  deepEqual(
    found.map((finding) => [finding.status, finding.check]),
    [[status, check]],
    show(found),
  );
  return found[0];
}

export const show = (findings: Finding[]) => JSON.stringify(findings, null, 1);

export const checksOf = (findings: Finding[], status: Finding["status"]) => [
  ...new Set(findings.filter((finding) => finding.status === status).map(({ check }) => check)),
];

export const CHECKS = [
  ...["url", "key", "connection", "access", "clock", "migrations", "queues", "buckets"],
  ...[
    "functions",
    "authorization",
    "provider",
    "models",
    "schedule",
    "failures",
    "publications",
    "webhooks",
  ],
];
