import type { Stack } from "../stack/mod.ts";
import { type Health, lacksOf } from "../../supabase/functions/_shared/summary.ts";

/**
 * The settings that keep the functions from working, a line for each function and variable. A function
 * that does not report its health counts as healthy.
 */
export async function misconfigurations(
  { url, functionNames }: Pick<Stack, "url" | "functionNames">,
): Promise<string[]> {
  const lines: string[] = [];
  for (const name of functionNames) {
    const health = await healthOf(`${url}/functions/v1/${name}`);
    if (health.status !== "unconfigured") continue;
    // Models that are left out keep no function from working while there are others.
    const problems = lacksOf(health.models?.length ? { ...health, leftOut: [] } : health);
    lines.push(...problems.map((problem) => `${name}: ${problem}`));
    if (problems.length === 0) lines.push(`${name}: it says that it is not configured`);
  }
  return lines;
}

async function healthOf(url: string): Promise<Partial<Health>> {
  const response = await fetch(url);
  try {
    return await response.json();
  } catch {
    return {}; // not one of ours
  }
}
