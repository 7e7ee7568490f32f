/** Whether the project answers under its address, and accepts the key. */
import { LostReply } from "../api.ts";
import { newKey } from "../project.ts";
import { failed, type Observation, ok } from "./finding.ts";
import type { Context } from "./context.ts";

/** A read of a table that is there once the migrations are applied. */
const READ = "/rest/v1/generation_jobs?select=id&limit=1";

export async function checkConnection({ api }: Context): Promise<Observation[]> {
  const { hostname } = new URL(api.url);
  let answer;
  try {
    answer = await api.ask(READ);
  } catch (error) {
    if (!(error instanceof LostReply)) throw error;
    return [failed(...explain(error.reason, api.url))];
  }
  const { status, code, said, json } = answer;
  if (status === 540) {
    return [
      failed(
        `The project is paused (${said}).`,
        "curl --request POST https://api.supabase.com/v1/projects/PROJECT_REF/restore " +
          '--header "Authorization: Bearer $SUPABASE_ACCESS_TOKEN"',
      ),
    ];
  }
  if (status >= 300 && status < 400) {
    return [failed(
      `${hostname} redirects to another address (${said}). The key is not taken there.`,
      "export SUPABASE_URL=https://PROJECT_REF.supabase.co",
    )];
  }
  if (code === "PGRST106") {
    return [failed(
      `The Data API does not show the schema public (${said}).`,
      "alter role authenticator set pgrst.db_schemas = 'public, graphql_public'; notify pgrst, 'reload config';",
    )];
  }
  if (status >= 500) {
    return [failed(
      `The Data API of ${hostname} is out of order (${said}).`,
      `curl --include ${api.url}/rest/v1/  # and see https://status.supabase.com`,
    )];
  }
  // Whatever is not PostgREST, or the gateway in front of it, answers something else.
  const isApi = typeof json === "object" && json !== null &&
    (status === 200 || status === 401 || status === 403 || code !== undefined);
  if (!isApi) {
    return [failed(
      `${api.url} has no Data API (${said}).`,
      "export SUPABASE_URL=https://PROJECT_REF.supabase.co",
    )];
  }
  return [ok("The Data API answers.")];
}

/** What Deno says about a failed connection, and what can be done about it. */
function explain(reason: string, url: string): [message: string, remedy: string] {
  const { hostname, origin } = new URL(url);
  if (/dns|lookup|resolve|name or service/i.test(reason)) {
    return [
      `There is no host ${hostname}: the name is misspelled, or the project is paused or gone.`,
      `nslookup ${hostname}`,
    ];
  }
  if (/certificate|tls|ssl|handshake|corrupt message/i.test(reason)) {
    return [
      `The certificate of ${hostname} is not trusted, or it speaks no TLS (${reason}).`,
      `curl --verbose ${origin}/`,
    ];
  }
  if (/refused/i.test(reason)) {
    return [
      `${new URL(url).host} refuses the connection: nothing listens there.`,
      `curl --verbose ${origin}/`,
    ];
  }
  if (/timed out|timeout/i.test(reason)) {
    return [`${hostname} does not answer in time.`, `curl --verbose ${origin}/`];
  }
  if (/requires net access|NotCapable/i.test(reason)) {
    return [
      `Deno may not connect to ${hostname}.`,
      "deno run --allow-net --allow-env queue-trigger.ts doctor",
    ];
  }
  return [`${hostname} cannot be reached: ${reason}`, `curl --verbose ${origin}/`];
}

export async function checkAccess({ api }: Context): Promise<Observation[]> {
  const { status, code, said } = await api.ask(READ);
  if (code === "42501") {
    return [failed(
      `The key may not read the ledger (${said}): it is no secret key, or the grants of the ` +
        "migrations are gone.",
      newKey(api.url),
    )];
  }
  if (status === 401 || status === 403) {
    return [failed(`The Data API refuses the key (${said}).`, newKey(api.url))];
  }
  const storage = await api.ask("/storage/v1/bucket");
  if (storage.status !== 200 || !Array.isArray(storage.json)) {
    return [failed(
      `The Data API takes the key, and Storage does not (${storage.said}).`,
      newKey(api.url),
    )];
  }
  return [ok("The Data API and Storage take the key.")];
}
