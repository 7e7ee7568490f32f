import { type Api, quoted } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, UsageError } from "../failure.ts";
import { standing } from "../figures.ts";
import { yesOrNo } from "../flag.ts";
import type { Session } from "../session.ts";

export const reset = command({
  name: "reset",
  summary: "ends the rest of a model in trouble at once, after you have fixed the cause",
  args: {
    usage: "[MODEL]",
    read: ([model, ...more]) => {
      if (more.length === 0) return model;
      throw new UsageError("expected one argument, the name of a model, or none: all models.");
    },
  },
  flags: { json: yesOrNo("print a JSON list of the models that rested") },
  notes: `Without it, one job finds out when the rest is over. status shows which models
rest, why, and until when.`,
  examples: ["reset"],
  run: async (model, { json }, session: Session) => {
    const { stdout } = session.io;
    const answer = await session.api().call("reset_generation_models", { model: model ?? null });
    const models = Array.isArray(answer) ? answer.map(quoted) : [];
    if (model && models.length === 0) await checkKnown(model, session.api());
    if (json) stdout(JSON.stringify(models));
    else if (models.length === 0) {
      stdout(model ? `${quoted(model)} is not resting.` : "No model is resting.");
    }
    for (const name of json ? [] : models) stdout(`${name} takes jobs again`);
    return EXIT.ok;
  },
});

/** @throws {UsageError} when neither a worker has the model, nor is it in trouble */
async function checkKnown(model: string, api: Api) {
  const known = (await standing(api)).map((stands) => quoted(stands.model));
  if (known.includes(model.replace(/^models\//, ""))) return;
  const list = known.length > 0 ? known.join(", ") : "none before the first run";
  throw new UsageError(`no worker has a model ${quoted(model)}. Known: ${list}.`);
}
