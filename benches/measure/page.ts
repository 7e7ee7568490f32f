/** The sections of `docs/performance.md` that benchmarks write. The prose around them is by hand. */
import { svg } from "./plot.ts";
import { ROOT } from "./programs.ts";
import { markdown, type Result } from "./result.ts";

const PAGE = `${ROOT}docs/performance.md`;

/** Replaces what stands between the marks of a part, and its plots. */
export async function writeSection(part: string, { tables, plots = [] }: Result): Promise<void> {
  const lines = tables.map(markdown);
  for (const bars of plots) {
    const file = `images/performance-${bars.name}.svg`;
    await Deno.writeTextFile(`${ROOT}docs/${file}`, svg(bars));
    lines.push(`![${bars.title}](${file})`);
  }
  lines.push(`Measured on ${new Date().toISOString().slice(0, 10)}: ${await machine()}.`);
  const [begin, end] = [`<!-- bench ${part} -->\n`, `\n<!-- end ${part} -->`];
  const page = await Deno.readTextFile(PAGE);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${part}`);
  const text = page.slice(0, from + begin.length) + lines.join("\n\n") + page.slice(to);
  await Deno.writeTextFile(PAGE, text);
}

/** What the figures depend on. */
async function machine(): Promise<string> {
  const { os, arch } = Deno.build;
  const info = os === "linux" ? await Deno.readTextFile("/proc/cpuinfo") : "";
  const processor = /^model name\s*: (.+)$/m.exec(info)?.[1] ?? arch;
  const memory = Math.round(Deno.systemMemoryInfo().total / 1024 ** 3);
  return `${navigator.hardwareConcurrency} cores of ${processor}, ${memory} GB, Deno ${Deno.version.deno}`;
}
