// @ts-check
/** What the provider answered to a job that has succeeded: what the ledger keeps of it, in words. */
import { count, duration } from "../lib/text.js";

/** What replies count, by the names that Gemini and Omni have for it. */
const COUNTS = /** @type {const} */ ([
  ["of the prompt", "prompttokencount", "totalinputtokens"],
  ["of the result", "candidatestokencount", "totaloutputtokens"],
  ["of thoughts", "thoughtstokencount", "totalthoughttokens"],
]);
const TOTAL = /** @type {const} */ (["totaltokencount", "totaltokens"]);

/** @param {any} job a row of the ledger @returns {string} empty where it has none */
export function answerOf({ status, kind, model, content_type, generation_seconds, usage }) {
  if (status !== "succeeded" || !model) return "";
  const type = content_type ? ` (${content_type})` : "";
  const time = generation_seconds ? ` in ${duration(generation_seconds)}` : "";
  return `${model} made ${kind === "image" ? "an image" : "a video"}${type}${time}.${
    counted(usage)
  }`;
}

/** @param {unknown} usage what the reply counted; services and proxies spell its names in their own ways */
function counted(usage) {
  const counts = new Map(
    Object.entries(usage ?? {}).map(([name, value]) => [
      name.replaceAll("_", "").toLowerCase(),
      Number(value),
    ]),
  );
  /** @param {readonly string[]} names */
  const of = (names) => names.map((name) => counts.get(name) ?? 0).find((number) => number > 0);
  const parts = COUNTS.flatMap(([part, ...names]) => {
    const number = of(names);
    return number ? [`${number.toLocaleString("en")} ${part}`] : [];
  });
  const total = of(TOTAL);
  const all = total ? count(total, "token") : parts.length > 0 ? "tokens" : "";
  return all && ` It counted ${[all, parts.join(", ")].filter(Boolean).join(": ")}.`;
}
