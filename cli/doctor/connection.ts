/** Whether the project answers under its address, and accepts the key. */
import { LostReply, type Reply } from "../api.ts";
import { newKey } from "../project.ts";
import type { Context } from "./context.ts";
import { failed, type Observation, ok } from "./finding.ts";

/** A read of a table that exists once the migrations are applied. */
const READ = "/rest/v1/generation_jobs?select=id&limit=1";

const OTHER_URL = "export SUPABASE_URL=https://PROJECT_REF.supabase.co";

export async function checkConnection({ api }: Context): Promise<Observation[]> {
  try {
    return [judge(await api.ask(READ), api.url)];
  } catch (error) {
    if (!(error instanceof LostReply)) throw error;
    return [failed(...explain(error.reason, api.url))];
  }
}

function judge({ status, code, said, json }: Reply, url: string): Observation {
  const { hostname } = new URL(url);
  if (status === 540) {
    return failed(
      `The project is paused (${said}).`,
      "curl --request POST https://api.supabase.com/v1/projects/PROJECT_REF/restore " +
        '--header "Authorization: Bearer $SUPABASE_ACCESS_TOKEN"',
    );
  }
  if (status >= 300 && status < 400) {
    return failed(
      `${hostname} redirects to another address (${said}). The key is not sent there.`,
      OTHER_URL,
    );
  }
  if (code === "PGRST106") {
    return failed(
      `The Data API does not show the schema public (${said}).`,
      "alter role authenticator set pgrst.db_schemas = 'public, graphql_public'; " +
        "notify pgrst, 'reload config';",
    );
  }
  if (status >= 500) {
    return failed(
      `The Data API of ${hostname} is out of order (${said}).`,
      `curl --include ${url}/rest/v1/  # and see https://status.supabase.com`,
    );
  }
  // What is neither PostgREST nor the gateway in front of it answers something else.
  const isApi = typeof json === "object" && json !== null &&
    (status === 200 || status === 401 || status === 403 || code !== undefined);
  return isApi
    ? ok("The Data API answers.")
    : failed(`${url} has no Data API (${said}).`, OTHER_URL);
}

/** What Deno says about a failed connection, in plain words, and what can be done about it. */
function explain(reason: string, url: string): [message: string, remedy: string] {
  const { host, hostname, origin } = new URL(url);
  const ask = `curl --verbose ${origin}/`;
  const causes: [RegExp, message: string, remedy?: string][] = [
    [
      /dns|lookup|resolve|name or service/i,
      `There is no host ${hostname}: the name is misspelled, or the project is paused or gone.`,
      `nslookup ${hostname}`,
    ],
    [
      /certificate|tls|ssl|handshake|corrupt message/i,
      `The certificate of ${hostname} is not trusted, or the server speaks no TLS (${reason}).`,
    ],
    [/refused/i, `${host} refuses the connection: nothing listens there.`],
    [/timed out|timeout/i, `${hostname} does not answer in time.`],
    [
      /requires net access|NotCapable/i,
      `Deno may not connect to ${hostname}.`,
      "deno run --allow-net --allow-env queue-trigger.ts doctor",
    ],
    [/(?:)/, `${hostname} cannot be reached: ${reason}`],
  ];
  const [, message, remedy = ask] = causes.find(([pattern]) => pattern.test(reason))!;
  return [message, remedy];
}

export async function checkAccess({ api }: Context): Promise<Observation[]> {
  const { status, code, said } = await api.ask(READ);
  const wrongKey = (message: string) => [failed(message, newKey(api.url))];
  if (code === "42501") {
    return wrongKey(
      `The key may not read the ledger (${said}): it is no secret key, or the grants of the ` +
        "migrations are gone.",
    );
  }
  if (status === 401 || status === 403) return wrongKey(`The Data API refuses the key (${said}).`);
  const storage = await api.ask("/storage/v1/bucket");
  if (storage.status !== 200 || !Array.isArray(storage.json)) {
    return wrongKey(`The Data API accepts the key, and Storage does not (${storage.said}).`);
  }
  return [ok("The Data API and Storage accept the key.")];
}
