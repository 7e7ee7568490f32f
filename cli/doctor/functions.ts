/** Whether both functions are deployed, configured, of this version, and open to the right people. */
import { type Api, objects, quoted, type Reply } from "../api.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";
import { type Context, FUNCTIONS } from "./context.ts";

export async function checkFunctions(context: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const { name } of FUNCTIONS) findings.push(...await checkHealth(name, context));
  return findings;
}

async function checkHealth(
  name: string,
  { api, version, functions }: Context,
): Promise<Observation[]> {
  const answer = await api.ask(`/functions/v1/${name}`, { key: null });
  const health = (answer.json ?? {}) as Record<string, unknown>;
  if (answer.status !== 200 || health.name !== name) return [notThere(name, answer)];

  if (health.status !== "ok") return [unconfigured(name, health)];
  functions.add(name);
  if (health.version !== version) {
    return [warning(
      `${name} is of version ${quoted(health.version)}, this clone is of ${version}.`,
      deploy(name),
    )];
  }
  const models = Array.isArray(health.models) ? health.models.map(quoted).join(", ") : "";
  return [ok(`${name} ${version} is deployed and configured: ${models}.`)];
}

function notThere(name: string, { status, said }: Reply): Observation {
  if (status === 404) return failed(`${name} is not deployed (${said}).`, deploy(name));
  if (status === 401) {
    return failed(
      `The platform checks JWTs before ${name} is asked (${said}), which keeps secret keys out.`,
      `${deploy(name)} --no-verify-jwt`,
    );
  }
  if (status === 200) {
    return failed(`Something else is deployed under the name ${name}.`, deploy(name));
  }
  return failed(`${name} does not start (${said}); its log says why.`, deploy(name));
}

function unconfigured(name: string, { missing, invalid }: Record<string, unknown>): Observation {
  const variables = Array.isArray(missing) ? missing.map(quoted) : [];
  const faults = objects(invalid);
  const said = [
    ...variables.map((variable) => `${variable} is not set`),
    ...faults.map(({ variable, expected }) => `${quoted(variable)} must be ${quoted(expected)}`),
  ];
  const wanted = [...variables, ...faults.map(({ variable }) => quoted(variable))]
    .filter((variable) => /^[A-Z_]+$/.test(variable));
  const settable = wanted.filter((variable) => !variable.startsWith("SUPABASE_"));
  return failed(
    `${name} is not configured, and takes no job: ${said.join("; ")}.`,
    // The CLI refuses to set what begins with SUPABASE_: the platform does that at each deployment.
    settable.length > 0
      ? `supabase secrets set ${settable.map((variable) => `${variable}=VALUE`).join(" ")}`
      : deploy(name),
  );
}

/** Whether the key starts a run, and no key, or a public one, does not. Nothing is run. */
export async function checkAuthorization(context: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  for (const { name } of FUNCTIONS) {
    if (context.functions.has(name)) findings.push(...await checkDoor(name, context));
    else findings.push(skipped(`Who may start ${name} was not looked at: it is not usable.`));
  }
  return findings;
}

async function checkDoor(name: string, { api, publicKeys }: Context): Promise<Observation[]> {
  const findings: Observation[] = [];
  const mine = await probe(name, api);
  if (mine.status === 401 || mine.status === 403) {
    findings.push(failed(
      `${name} refuses the key (${mine.said}).`,
      `${deploy(name)}  # it is given the project's keys when it is deployed`,
    ));
  } else if (mine.status === 400) {
    findings.push(warning(
      `${name} is older than this clone and cannot say whether it takes the key.`,
      deploy(name),
    ));
  } else if (mine.status !== 200) {
    findings.push(failed(`${name} cannot run (${mine.said}).`, deploy(name)));
  }

  const nobody = await probe(name, api, null);
  if (nobody.status !== 401) {
    findings.push(failed(
      `${name} answers ${nobody.said} to a caller without a key, where it has to refuse.`,
      deploy(name),
    ));
  }
  for (const key of publicKeys) {
    if ((await probe(name, api, key)).status !== 200) continue;
    findings.push(warning(
      `ALLOW_PUBLIC_TRIGGER is on: everybody who sees the public key may start ${name}.`,
      "supabase secrets unset ALLOW_PUBLIC_TRIGGER",
    ));
    break;
  }
  if (findings.length > 0) return findings;
  return [ok(
    `${name} takes the key, and refuses who has none` +
      (publicKeys.length > 0 ? " or a public one." : "."),
  )];
}

/** Asks for a run that takes no job. */
function probe(name: string, api: Api, key?: string | null): Promise<Reply> {
  return api.ask(`/functions/v1/${name}`, { key, body: { maxJobs: 0 } });
}

export function deploy(name: string): string {
  return `supabase functions deploy ${name}`;
}
