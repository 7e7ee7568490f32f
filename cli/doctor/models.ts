/** How the models stand, as the workers found: the same as an alert in docs/operations.md. */
import { quoted } from "../api.ts";
import { type Standing, standing, troubleOf } from "../figures.ts";
import type { Context } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

export async function checkModels({ api, clock }: Context): Promise<Observation[]> {
  const models = await standing(api);
  const troubled = models.filter(({ state }) => state !== "ok");
  if (troubled.length === 0) return [ok("No model is in trouble.")];
  const now = Date.parse(clock.secondsAgo(0));
  return troubled.map((stands) => findingOf(stands, now));
}

/** What the account has to be put right for does not end by itself. */
function findingOf(stands: Standing, now: number): Observation {
  const message = `${quoted(stands.model)}: ${troubleOf(stands, now)}`;
  const remedy = stands.remedy ? quoted(stands.remedy) : undefined;
  if (stands.state !== "refused") return warning(message, remedy);
  const again = "deno run --allow-net --allow-env queue-trigger.ts reset  # or wait for the probe";
  return failed(message, [remedy, again].filter(Boolean).join("\n"));
}
