/**
 * Whether Google accepts the key and has the models. The functions ask, since they have the key.
 * A model that Google lists may still be closed to the key.
 */
import { isOfVertex } from "../../supabase/functions/_shared/models.ts";
import { objects, quoted } from "../api.ts";
import { type Context, FUNCTIONS } from "./context.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";

const LIST = "# one of https://ai.google.dev/gemini-api/docs/models";

const NEW_ACCOUNT_KEY =
  'supabase secrets set GOOGLE_SERVICE_ACCOUNT_JSON="$(cat KEY_FILE.json)"  # docs/vertex.md';

/** By the error code and what Google says; the last one is for anything else. */
const ACCOUNT_REMEDIES: [words: RegExp, remedy: string][] = [
  [
    /^billing_refused/,
    "# billing and spending caps: https://ai.google.dev/gemini-api/docs/billing",
  ],
  [/^location_refused/, "update generation_worker_settings set region = 'us-east-1';"],
  [
    /has not been used in project|is disabled/i,
    "gcloud services enable aiplatform.googleapis.com --project=YOUR_PROJECT",
  ],
  [
    /permission/i,
    "gcloud projects add-iam-policy-binding YOUR_PROJECT --role=roles/aiplatform.user " +
    "--member=serviceAccount:YOUR_ACCOUNT",
  ],
  [/(?:)/, "# the state of the project and its key: https://console.cloud.google.com"],
];

export async function checkProvider({ api, functions }: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const { name, kind, models } of FUNCTIONS) {
    if (!functions.has(name)) {
      findings.push(skipped(`The ${kind} models were not checked: ${name} is not usable.`));
      continue;
    }
    const { status, json, said } = await api.ask(`/functions/v1/${name}?check=provider`);
    if (status === 200) findings.push(...judge(readStates(json), kind, models));
    else findings.push(skipped(`${name} does not ask for its models (${said}).`));
  }
  // Both functions have the same key, and find the same.
  const messages = findings.map(({ message }) => message);
  return findings.filter(({ message }, index) => messages.indexOf(message) === index);
}

const REFUSALS = ["key_refused", "account_refused"];

interface ModelState {
  model: string;
  state: string;
  code: string;
  detail: string;
}

function readStates(json: unknown): ModelState[] {
  const { provider } = (json ?? {}) as { provider?: { models?: unknown } };
  return objects(provider?.models).map(({ model, state, code, httpStatus, detail }) => ({
    model: quoted(model),
    state: quoted(state),
    code: quoted(code),
    detail: quoted(detail) || (httpStatus ? String(httpStatus) : "no answer"),
  }));
}

function judge(states: ModelState[], kind: string, variable: string): Observation[] {
  const having = (...wanted: string[]) => states.filter(({ state }) => wanted.includes(state));
  const gone = having("gone");
  if (gone.length === states.length) {
    return [failed(
      `Google has none of the ${kind} models for this key: ${names(gone)}. Jobs wait. ` +
        (gone[0]?.detail ?? ""),
      `supabase secrets set ${variable}=MODEL  ${LIST}`,
    )];
  }
  const findings = refusalsIn(states);
  if (gone.length > 0) {
    const unusable = [...gone, ...having(...REFUSALS)];
    const others = names(states.filter((state) => !unusable.includes(state)));
    findings.push(warning(
      `Google does not have ${names(gone)} for this key${others && `; jobs go to ${others}`}. ` +
        gone[0].detail,
      `supabase secrets set ${variable}=${others.replaceAll(" ", "") || `MODEL  ${LIST}`}`,
    ));
  }
  const [limited] = having("quota_exhausted");
  if (limited) {
    findings.push(warning(
      `Google's quota is used up (${limited.model}: ${limited.detail}). Jobs wait for it.`,
      "select kind, count(*) from generation_pending_jobs " +
        "where error_code = 'quota_exhausted' group by kind;",
    ));
  }
  findings.push(...silencesIn(states));
  if (findings.length > 0) return findings;
  const said = [
    ["Usable", having("usable")],
    ["Listed; only a job shows whether the key may use it", having("listed")],
    ["Signed in; only a job shows whether the account may use it", having("signed_in")],
  ].flatMap(([what, found]) => found.length > 0 ? `${what}: ${names(found as ModelState[])}.` : []);
  return [ok(`The ${kind} models. ${said.join(" ")}`)];
}

/** Vertex AI and the Gemini API have their own credentials, and each may refuse them. */
function refusalsIn(states: ModelState[]): Observation[] {
  return [true, false].flatMap((vertex) => {
    const ofService = states.filter(({ model }) => isOfVertex(model) === vertex);
    const refused = ofService.find(({ state }) => state === "key_refused");
    if (refused && vertex) {
      return [failed(`Vertex AI refuses the credentials: ${refused.detail}`, NEW_ACCOUNT_KEY)];
    }
    if (refused) {
      return [failed(
        `Google refuses the API key: ${refused.detail}`,
        "supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY",
      )];
    }
    const unwelcome = ofService.find(({ state }) => state === "account_refused");
    if (!unwelcome) return [];
    const said = `${unwelcome.code}: ${unwelcome.detail}`;
    const [, remedy] = ACCOUNT_REMEDIES.find(([words]) => words.test(said))!;
    return [failed(`Google refuses the account: ${unwelcome.detail}`, remedy)];
  });
}

/** A service that answers for none of the models is dead. */
function silencesIn(states: ModelState[]): Observation[] {
  const isAnswered = states.some(({ state }) => ["usable", "listed", "signed_in"].includes(state));
  return [false, true].flatMap((vertex) => {
    const silent = states.filter(({ model, state }) =>
      isOfVertex(model) === vertex && ["unreachable", "unclear"].includes(state)
    );
    if (silent.length === 0) return [];
    const message = `The provider gives no answer about ${names(silent)}: ${silent[0].detail}`;
    // The address is Google's, unless another one is set.
    const variable = vertex
      ? "GOOGLE_VERTEX_BASE_URL GOOGLE_TOKEN_URL"
      : "GOOGLE_GENERATIVE_AI_BASE_URL";
    const isDead = !isAnswered && silent.some(({ state }) => state === "unreachable");
    return [(isDead ? failed : warning)(message, `supabase secrets unset ${variable}`)];
  });
}

function names(states: ModelState[]): string {
  return states.map(({ model }) => model).join(", ");
}
