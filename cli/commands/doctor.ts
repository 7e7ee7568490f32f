import { plain } from "../../supabase/functions/_shared/plain.ts";
import { command, nothing } from "../command.ts";
import { examine } from "../doctor/examine.ts";
import type { Finding, Status } from "../doctor/finding.ts";
import { EXIT } from "../failure.ts";
import { yesOrNo } from "../flag.ts";
import type { Session } from "../session.ts";

export const doctor = command({
  name: "doctor",
  summary: "checks the installation and prints a remedy for each finding",
  args: nothing,
  flags: { json: yesOrNo("print one JSON document") },
  notes: `It checks address and key, migrations, queues, buckets, functions, Google's key
and models, the schedule, recent failures and webhooks. It only reads. Exit code
1 when a check has failed.`,
  examples: ["doctor"],
  // A wrong environment is a finding here, not an error.
  run: async (_, { json }, session: Session) => {
    const findings = await examine(session);
    const ok = findings.every(({ status }) => status !== "failed");
    if (json) session.io.stdout(JSON.stringify({ ok, findings }));
    else for (const line of linesOf(findings)) session.io.stdout(line);
    return ok ? EXIT.ok : EXIT.failed;
  },
});

const WORDS: Record<Status, string> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  skipped: "skipped",
};

/** The findings with their remedies, and a line that counts them. */
export function linesOf(findings: Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(9 + width + 2);
  const lines = findings.flatMap(({ check, status, message, remedy }) => [
    `${WORDS[status].padEnd(9)}${check.padEnd(width)}  ${plain(message)}`,
    ...(remedy ?? "").split("\n").filter(Boolean).map((line) => `${indent}${plain(line)}`),
  ]);
  const count = (wanted: Status) => findings.filter(({ status }) => status === wanted).length;
  const [bad, doubtful, unseen] = [count("failed"), count("warning"), count("skipped")];
  const summary = bad + doubtful + unseen === 0
    ? "All is well."
    : `${bad} failed, ${doubtful} ${doubtful === 1 ? "warning" : "warnings"}, ${unseen} skipped.` +
      (bad + doubtful > 0 ? " Remedies are printed below the findings." : "");
  return [...lines, "", summary];
}
