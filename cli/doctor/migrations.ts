/** Whether the database has what this version calls and reads. */
import { isMissing } from "../exchange.ts";
import { type Answer, type Api, Refused } from "./api.ts";
import { DATABASE_FUNCTIONS, RELATIONS } from "./database_functions.ts";
import { failed, type Observation, ok } from "./finding.ts";
import { missingQueue } from "./queues.ts";
import { RUN_MIGRATIONS_AGAIN, type Visit } from "./visit.ts";

export async function checkMigrations({ api }: Visit): Promise<Observation[]> {
  const paths = await describedPaths(api);
  const { missing, closed } = paths ? missingIn(paths) : await missingByAsking(api);
  const findings: Observation[] = [];
  if (missing.length > 0) {
    findings.push(failed(
      `The database is of another version than this clone. It lacks ${missing.join(", ")}.`,
      "supabase db push --remote\n" +
        "# It says that all is applied? Have PostgREST look again, in the SQL editor:\n" +
        "# notify pgrst, 'reload schema';\n" +
        "# Still not there? Somebody has dropped it. Run the files again, which changes nothing else:\n" +
        RUN_MIGRATIONS_AGAIN,
    ));
  }
  if (closed.length > 0) {
    findings.push(failed(
      `The key may not use ${closed.join(", ")}: the grants of the migrations are gone.`,
      RUN_MIGRATIONS_AGAIN,
    ));
  }
  if (findings.length > 0) return findings;
  return [ok("The database has the functions, tables and views of this version.")];
}

interface Gaps {
  missing: string[];
  /** There, but not for this key. */
  closed: string[];
}

type Paths = Record<string, { post?: { parameters?: unknown } }>;

/**
 * The paths of the OpenAPI document that PostgREST serves at its root; undefined where it is turned
 * off, or lists no functions.
 * Source: https://docs.postgrest.org/en/v14/references/api/openapi.html
 */
async function describedPaths(api: Api): Promise<Paths | undefined> {
  const { status, body } = await api.ask("/rest/v1/", {
    headers: { accept: "application/openapi+json, application/json" },
  });
  const paths = (body as { paths?: unknown } | undefined)?.paths;
  if (status !== 200 || typeof paths !== "object" || paths === null) return undefined;
  return Object.keys(paths).some((path) => path.startsWith("/rpc/")) ? paths as Paths : undefined;
}

/** The document shows what the role of the key may use, so what is closed to it is missing. */
function missingIn(paths: Paths): Gaps {
  const functions = Object.entries(DATABASE_FUNCTIONS).filter(([name, { arguments: wanted }]) => {
    const path = Object.hasOwn(paths, `/rpc/${name}`) ? paths[`/rpc/${name}`] : undefined;
    return !path || !wanted.every((argument) => argumentsOf(path).includes(argument));
  });
  const relations = RELATIONS.filter((name) => !Object.hasOwn(paths, `/${name}`));
  return { missing: [...functions.map(([name]) => signature(name)), ...relations], closed: [] };
}

/** A function's arguments are the properties of the body that its POST takes. */
function argumentsOf({ post }: Paths[string]): string[] {
  const parameters = Array.isArray(post?.parameters) ? post.parameters : [];
  const body = parameters.find((parameter) => parameter?.in === "body");
  return Object.keys(body?.schema?.properties ?? {});
}

/** Calls that do nothing tell as well, one by one. */
async function missingByAsking(api: Api): Promise<Gaps> {
  const gaps: Gaps = { missing: [], closed: [] };
  const sort = (name: string, answer: Answer) => {
    const { status, code } = answer;
    if (code === "42501") gaps.closed.push(name);
    else if (missingQueue(answer)) return; // which is said of the queues
    else if (isMissing(code)) gaps.missing.push(name);
    else if (status >= 500 || code?.startsWith("PGRST")) throw new Refused(name, answer);
  };
  for (const [name, { arguments: names, harmless }] of Object.entries(DATABASE_FUNCTIONS)) {
    if (harmless === false) continue;
    const nothing = Object.fromEntries(names.map((argument) => [argument, null]));
    const body = { ...nothing, ...harmless };
    sort(signature(name), await api.ask(`/rest/v1/rpc/${name}`, { method: "POST", body }));
  }
  for (const name of RELATIONS) sort(name, await api.ask(`/rest/v1/${name}?limit=0`));
  return gaps;
}

function signature(name: string): string {
  return `${name}(${DATABASE_FUNCTIONS[name].arguments.join(", ")})`;
}
