/** Whether both functions are deployed, configured, of this version, and open to the right callers. */
import { lackOf } from "../../supabase/functions/_shared/models.ts";
import { type Api, objects, quoted, type Reply, type Row } from "../api.ts";
import { type Context, FUNCTIONS } from "./context.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";

export async function checkFunctions(context: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const it of FUNCTIONS) findings.push(await checkHealth(it, context));
  return findings;
}

async function checkHealth(
  { name, kind }: typeof FUNCTIONS[number],
  { api, version, functions, leftOut }: Context,
): Promise<Observation> {
  const reply = await api.ask(`/functions/v1/${name}`, { key: null });
  const health = (reply.json ?? {}) as Row;
  if (reply.status !== 200 || health.name !== name) return notThere(name, reply);
  const lacking = lackingIn(health);
  leftOut.set(kind, lacking);
  if (health.status !== "ok") return unconfigured(name, health, lacking);
  functions.add(name);
  if (health.version !== version) {
    return warning(
      `${name} is deployed in version ${
        quoted(health.version)
      }, and this clone is version ${version}.`,
      deploy(name),
    );
  }
  const models = listed(health.models).join(", ");
  return ok(`${name} ${version} is deployed and configured: ${models}.${leftOutText(lacking)}`);
}

/** Each model that has no credentials, with what it lacks. */
function lackingIn(health: Row): string[] {
  return objects(health.leftOut).map(({ model, missing, instead }) =>
    `${quoted(model)}, without ${lackOf({ missing: listed(missing), instead: listed(instead) })}`
  );
}

function leftOutText(lacking: string[]): string {
  return lacking.map((text) => ` Left out: ${text}.`).join("");
}

function listed(names: unknown): string[] {
  return Array.isArray(names) ? names.map(quoted) : [];
}

function notThere(name: string, { status, said }: Reply): Observation {
  switch (status) {
    case 404:
      return failed(`${name} is not deployed (${said}).`, deploy(name));
    case 401:
      return failed(
        `The platform asks for a JWT before it calls ${name} (${said}), and a secret key is none.`,
        `${deploy(name)} --no-verify-jwt`,
      );
    case 200:
      return failed(`Another function is deployed under the name ${name}.`, deploy(name));
    default:
      return failed(
        `${name} does not start (${said}): its log in the dashboard says why.`,
        deploy(name),
      );
  }
}

function unconfigured(name: string, { missing, invalid }: Row, lacking: string[]): Observation {
  const unset = listed(missing);
  const faults = objects(invalid).map(({ variable, expected }) => ({
    variable: quoted(variable),
    expected: quoted(expected),
  }));
  const said = [
    ...unset.map((variable) => `${variable} is not set`),
    ...faults.map(({ variable, expected }) => `${variable} must be ${expected}`),
  ];
  // The CLI refuses to set what begins with SUPABASE_: the platform does that at each deployment.
  const settable = [...unset, ...faults.map(({ variable }) => variable)]
    .filter((variable) => /^(?!SUPABASE_)[A-Z_]+$/.test(variable));
  return failed(
    `${name} takes no job, because it is not configured: ${said.join("; ")}.${
      leftOutText(lacking)
    }`,
    settable.length > 0
      ? `supabase secrets set ${settable.map((variable) => `${variable}=VALUE`).join(" ")}`
      : deploy(name),
  );
}

/** Whether the key may start a run, and callers without it may not. No job is claimed. */
export async function checkAuthorization(context: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const { name } of FUNCTIONS) {
    if (context.functions.has(name)) findings.push(...await checkCallers(name, context));
    else findings.push(skipped(`The callers of ${name} were not checked: it is not usable.`));
  }
  return findings;
}

async function checkCallers(name: string, { api, publicKeys }: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  const own = await probe(name, api);
  if (own.status === 401 || own.status === 403) {
    findings.push(failed(
      `${name} refuses the key (${own.said}).`,
      `${deploy(name)}  # a deployment gives it the project's present keys`,
    ));
  } else if (own.status !== 200) {
    findings.push(failed(`${name} cannot run (${own.said}).`, deploy(name)));
  }
  const keyless = await probe(name, api, null);
  if (keyless.status !== 401) {
    findings.push(failed(
      `${name} does not refuse a caller without a key: it answers ${keyless.said}.`,
      deploy(name),
    ));
  }
  for (const key of publicKeys) {
    if ((await probe(name, api, key)).status !== 200) continue;
    findings.push(warning(
      `ALLOW_PUBLIC_TRIGGER is on: everyone who has a public key can start ${name}.`,
      "supabase secrets unset ALLOW_PUBLIC_TRIGGER",
    ));
    break;
  }
  if (findings.length > 0) return findings;
  const others = publicKeys.length > 0 ? "callers without one or with a public one" : "others";
  return [ok(`${name} accepts the key, and refuses ${others}.`)];
}

/** Asks for a run that takes no job. */
function probe(name: string, api: Api, key?: string | null): Promise<Reply> {
  return api.ask(`/functions/v1/${name}`, { key, body: { maxJobs: 0 } });
}

export function deploy(name: string): string {
  return `supabase functions deploy ${name}`;
}
