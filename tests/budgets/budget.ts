/**
 * What may not grow unnoticed: `benches/budgets.json` holds what was measured last, and a test fails
 * when a figure is more than a tenth above that. With `UPDATE_BUDGETS=1` it writes the figures of today
 * instead; the commit then says why.
 */
import { AssertionError } from "node:assert/strict";

const FILE = new URL("../../benches/budgets.json", import.meta.url);
const GROWTH = 1.1;

/** Figures by kind and name. */
type Budgets = Record<string, Record<string, number>>;

const isUpdate = Deno.env.get("UPDATE_BUDGETS") === "1";

/** Compares figures of a kind with their budgets. Without budgets for the kind nothing is compared. */
export async function withinBudget(kind: string, unit: string, figures: Record<string, number>) {
  if (isUpdate) return await update(kind, figures);
  const budgets: Budgets = JSON.parse(await Deno.readTextFile(FILE));
  const grown = Object.entries(figures).flatMap(([name, figure]) => {
    const budget = budgets[kind]?.[name];
    console.log(`${name}: ${figure} ${unit}, budget ${budget}`);
    if (budget === undefined) return [`${name} has no budget`];
    if (figure <= budget * GROWTH) return [];
    const percent = ((figure / budget - 1) * 100).toFixed(0);
    return [`${name} has grown by ${percent} %: ${figure} ${unit} instead of ${budget}`];
  });
  if (grown.length === 0) return;
  const remedy = "Make it cheaper; or, if it is worth that, run `UPDATE_BUDGETS=1 deno task test " +
    "budgets`, and let the commit say why.";
  throw new AssertionError({ message: [`${kind}:`, ...grown, remedy].join("\n") });
}

/** Test files run side by side, so the file is locked. */
async function update(kind: string, figures: Record<string, number>): Promise<void> {
  using file = await Deno.open(FILE, { read: true, write: true });
  await file.lock(true);
  const budgets: Budgets = JSON.parse(await Deno.readTextFile(FILE));
  budgets[kind] = figures;
  await Deno.writeTextFile(FILE, JSON.stringify(budgets, null, 2) + "\n");
}
