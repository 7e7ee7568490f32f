/** What the models of the workers can do, and what it will cost, by the estimate of the core. */
import { priceOf } from "../console/model/price.js";
import { type Api, quoted } from "./api.ts";
import { RemoteError } from "./failure.ts";
import { type Standing, standing } from "./figures.ts";
import type { Kind } from "./jobs.ts";
import type { Core } from "./session.ts";
import { dollars } from "./text.ts";

/** The estimate for a message. It throws an error with `issues` where no model of the workers can do it. */
export function estimateOf(kind: Kind, message: unknown, standing: Standing[], core: Core) {
  const estimate = kind === "image" ? core.estimateImageJob : core.estimateVideoJob;
  return estimate(message, { models: standing.map(({ model }) => model) });
}

/** A line that says the cost, by the model that will most likely do the work; undefined when the price is not known. */
export function costLine(
  kind: Kind,
  messages: unknown[],
  standing: Standing[],
  core: Core,
): string | undefined {
  let sum = 0;
  const makers = new Set<string>();
  for (const message of messages) {
    const { likely, models: [maker] } = priceOf(
      estimateOf(kind, message, standing, core),
      standing,
    );
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
