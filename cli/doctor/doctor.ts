/** `doctor`: the examination as people and programs read it. */
import { EXIT } from "../failure.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { examine } from "./examine.ts";
import type { Finding, Status } from "./finding.ts";

const WORDS: Record<Status, string> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  skipped: "skipped",
};

/** Examines the project, and answers the exit code: 1 when something has failed. */
export async function doctor(
  version: string,
  json: boolean,
  surroundings: Surroundings,
): Promise<number> {
  const findings = await examine(version, surroundings);
  const ok = findings.every(({ status }) => status !== "failed");
  if (json) surroundings.print(JSON.stringify({ ok, findings }));
  else for (const line of linesOf(findings)) surroundings.print(line);
  return ok ? EXIT.ok : EXIT.failed;
}

function linesOf(findings: Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(9 + width + 2);
  const lines = findings.flatMap(({ check, status, message, remedy }) => [
    `${WORDS[status].padEnd(9)}${check.padEnd(width)}  ${plain(message)}`,
    ...(remedy ?? "").split("\n").filter(Boolean).map((line) => `${indent}${plain(line)}`),
  ]);
  return [...lines, "", summaryOf(findings)];
}

function summaryOf(findings: Finding[]): string {
  const count = (wanted: Status) => findings.filter(({ status }) => status === wanted).length;
  const [bad, odd, unseen] = [count("failed"), count("warning"), count("skipped")];
  if (bad + odd + unseen === 0) return "All is well.";
  return `${bad} failed, ${odd} to look at, ${unseen} not looked at.` +
    (bad + odd > 0 ? " What mends each stands below it." : "");
}
