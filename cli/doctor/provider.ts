/** What Google says of the key and the models. The functions ask, since they have the key. */
import { objects, quoted } from "../api.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";
import { deploy } from "./functions.ts";
import { type Context, FUNCTIONS } from "./context.ts";

export async function checkProvider(context: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const { name, kind, models } of FUNCTIONS) {
    if (!context.functions.has(name)) {
      findings.push(skipped(`The ${kind} models were not asked for: ${name} is not usable.`));
      continue;
    }
    const { status, json, said } = await context.api.ask(`/functions/v1/${name}?check=provider`);
    const states = readStates(json);
    if (status === 200 && states) findings.push(...judge(states, kind, models));
    else if (status === 200) {
      findings.push(warning(
        `${name} is older than this clone and cannot ask for its models.`,
        deploy(name),
      ));
    } else findings.push(skipped(`${name} does not ask for its models (${said}).`));
  }
  return findings.filter(isFirstOfItsKind);
}

interface ModelState {
  model: string;
  state: string;
  detail: string;
}

function readStates(json: unknown): ModelState[] | undefined {
  const models = (json as { provider?: { models?: unknown } } | undefined)?.provider?.models;
  if (!Array.isArray(models)) return undefined;
  return objects(models).map(({ model, state, httpStatus, detail }) => ({
    model: quoted(model),
    state: quoted(state),
    detail: quoted(detail) || (httpStatus ? String(httpStatus) : "no answer"),
  }));
}

function judge(states: ModelState[], kind: string, variable: string): Observation[] {
  const having = (state: string) => states.filter((model) => model.state === state);
  const alive = having("alive").map(({ model }) => model);

  const [refused] = having("key_refused");
  if (refused) {
    return [failed(
      `Google refuses the API key: ${refused.detail}`,
      "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY",
    )];
  }
  const gone = having("gone");
  if (gone.length === states.length) {
    return [failed(
      `None of the ${kind} models exists any more: ${names(gone)}. Jobs fail.`,
      `supabase secrets set ${variable}=MODEL  # one of https://ai.google.dev/gemini-api/docs/models`,
    )];
  }
  const findings: Observation[] = [];
  if (gone.length > 0) {
    const others = states.filter(({ state }) => state !== "gone").map(({ model }) => model);
    findings.push(warning(
      `Google does not have ${names(gone)} any more; jobs go to ${others.join(", ")}.`,
      `supabase secrets set ${variable}=${others.join(",")}`,
    ));
  }
  const [limited] = having("quota_exhausted");
  if (limited) {
    findings.push(warning(
      `Google's quota is used up (${limited.model}: ${limited.detail}). Jobs wait for it.`,
      "select kind, count(*) from generation_pending_jobs where error_code = 'quota_exhausted' group by kind;",
    ));
  }
  const silent = states.filter(({ state }) => state === "unreachable" || state === "unclear");
  if (silent.length > 0) {
    const message = `What answers in Google's place says nothing of ${names(silent)}: ` +
      `${silent[0].detail}`;
    // The address is Google's, unless somebody has set another.
    const remedy = "supabase secrets unset GOOGLE_GENERATIVE_AI_BASE_URL";
    const isDead = alive.length === 0 && silent.some(({ state }) => state === "unreachable");
    findings.push(isDead ? failed(message, remedy) : warning(message, remedy));
  }
  if (findings.length > 0) return findings;
  return [ok(`Google takes the key and has the ${kind} models: ${alive.join(", ")}.`)];
}

function names(states: ModelState[]): string {
  return states.map(({ model }) => model).join(", ");
}

/** Both functions have the same key, and say the same of it. */
function isFirstOfItsKind(finding: Observation, index: number, all: Observation[]): boolean {
  return all.findIndex(({ message }) => message === finding.message) === index;
}
