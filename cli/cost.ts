/** What messages will cost, by the estimates of the core. */
import { priceOf } from "../console/model/price.js";
import type { Estimate } from "../pkg/generation_queue.js";
import { type Api, quoted } from "./api.ts";
import { RemoteError } from "./failure.ts";
import { type Standing, standing } from "./figures.ts";
import type { Kind } from "./jobs.ts";
import { dollars } from "./text.ts";

/** A line that says the cost, by the models that will most likely do the work; undefined when a price is not known. */
export function costLine(estimates: Estimate[], standing: Standing[]): string | undefined {
  let sum = 0;
  const makers = new Set<string>();
  for (const estimate of estimates) {
    const { likely, models: [maker] } = priceOf(estimate, standing);
    if (likely === null) return undefined;
    sum += likely;
    makers.add(quoted(maker));
  }
  return `costs about ${dollars(sum)}, by ${[...makers].join(", ")}`;
}

/** The models of the workers for a kind; none before the first run, or where the project cannot say. */
export async function modelsFor(kind: Kind, api: Api): Promise<Standing[]> {
  try {
    return (await standing(api)).filter((stands) => stands.kind === kind);
  } catch (error) {
    if (error instanceof RemoteError) return [];
    throw error;
  }
}
