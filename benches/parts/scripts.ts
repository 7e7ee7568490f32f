/** The benchmarks that are scripts of their own, as parts: what they print are the rows. */
import { ROOT } from "../measure/programs.ts";
import type { Part, Result } from "../measure/result.ts";

const LINE = /^\s*(.+?):?\s+p50\s+([\d.]+) ms, p95\s+([\d.]+) ms/;

/** Runs a script and reads its lines of percentiles. A line without is the title of what follows. */
async function measured(script: string, args: string[]): Promise<Result> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `benches/${script}.ts`, ...args],
    cwd: ROOT,
    stdout: "piped",
  });
  const { success, stdout } = await child.output();
  const rows: string[][] = [];
  for (const line of new TextDecoder().decode(stdout).split("\n").filter((it) => it !== "")) {
    const [, what, p50, p95] = LINE.exec(line) ?? [, line, "", ""];
    rows.push([what!, p50!, p95!]);
  }
  if (!success) throw new Error(`benches/${script}.ts failed:\n${rows.join("\n")}`);
  return { tables: [{ title: "Milliseconds", columns: ["", "p50", "p95"], rows }] };
}

export const claim: Part = {
  name: "claim",
  what: "claims, sends and figures on a PostgreSQL with 100,000 waiting messages",
  run: ({ isQuick }) => measured("claim", isQuick ? ["10000"] : []),
};

export const latency: Part = {
  name: "latency",
  what: "from sent to submitted, on the local stack",
  run: ({ isQuick }) => measured("latency", isQuick ? ["10"] : []),
};
