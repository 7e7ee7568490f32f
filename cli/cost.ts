/** What messages will cost, by the estimate of the core. */
import { type Api, quoted } from "./api.ts";
import { RemoteError } from "./failure.ts";
import { standing } from "./figures.ts";
import type { Kind } from "./jobs.ts";
import type { Core } from "./session.ts";
import { dollars } from "./text.ts";

/** A line that says it, by the model that will most likely do the work; undefined when the price is not known. */
export async function costLine(
  kind: Kind,
  messages: unknown[],
  core: Core,
  api: Api,
): Promise<string | undefined> {
  const rows = (await standingOf(api)).filter((stands) => stands.kind === kind);
  const models = rows.map(({ model }) => model);
  const inTrouble = rows.filter(({ state }) => state !== "ok").map(({ model }) => model);
  const estimate = kind === "image" ? core.estimateImageJob : core.estimateVideoJob;
  let sum = 0;
  const makers = new Set<string>();
  for (const message of messages) {
    const able = pricesOf(() => estimate(message, { models }).models);
    const likely = able.find(({ model }) => !inTrouble.includes(model)) ?? able[0];
    if (likely?.usd == null) return undefined;
    sum += likely.usd;
    makers.add(quoted(likely.model));
  }
  return `costs about ${dollars(sum)}, by ${[...makers].join(", ")}`;
}

/** The models of the workers; none where the project cannot say. */
async function standingOf(api: Api) {
  try {
    return await standing(api);
  } catch (error) {
    if (error instanceof RemoteError) return [];
    throw error;
  }
}

/** None for a message that no model of the workers can do: its job will say so. */
function pricesOf(read: () => { model: string; usd: number | null }[]) {
  try {
    return read();
  } catch (error) {
    if (Array.isArray((error as { issues?: unknown }).issues)) return [];
    throw error;
  }
}
