import type { Stack } from "../stack/mod.ts";

import { lackOf, type LeftOut } from "../../supabase/functions/_shared/models.ts";

interface Health {
  status?: string;
  models?: string[];
  leftOut?: LeftOut[];
  missing?: string[];
  invalid?: { variable: string; expected: string }[];
}

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
    const problems = [
      ...(health.missing ?? []).map((variable) => `${variable} is not set`),
      ...(health.models?.length ? [] : health.leftOut ?? [])
        .map(({ model, ...lack }) => `left out: ${model}, without ${lackOf(lack)}`),
      ...(health.invalid ?? []).map(({ variable, expected }) => `${variable} must be ${expected}`),
    ];
    lines.push(...problems.map((problem) => `${name}: ${problem}`));
    if (problems.length === 0) lines.push(`${name}: it says that it is not configured`);
  }
  return lines;
}

async function healthOf(url: string): Promise<Health> {
  const response = await fetch(url);
  try {
    return await response.json();
  } catch {
    return {}; // not one of ours
  }
}
