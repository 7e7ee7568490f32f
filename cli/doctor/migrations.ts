/** Whether the database has the schema of this version. */
import { isMissing, Refused } from "../api.ts";
import type { Context } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

/** The schema that this version works with, as the migrations number it. */
export const SCHEMA_VERSION = 1;

const NAME = "generation_schema_version";

const APPLY = `supabase db push --remote
# If it says that all is applied, let PostgREST read the schema again, in the SQL editor:
# notify pgrst, 'reload schema';`;

export async function checkMigrations({ api }: Context): Promise<Observation[]> {
  const reply = await api.ask(`/rest/v1/rpc/${NAME}`, { body: {} });
  if (isMissing(reply)) {
    return [failed("The database lacks the migrations of this version.", APPLY)];
  }
  const version = reply.json;
  if (reply.status !== 200 || typeof version !== "number") throw new Refused(NAME, reply, api.url);

  const versions = `The database has version ${version} of the schema, and this clone works with ` +
    `version ${SCHEMA_VERSION}.`;
  if (version < SCHEMA_VERSION) return [failed(versions, APPLY)];
  if (version > SCHEMA_VERSION) return [warning(versions, "git pull")];
  return [ok(`The database has version ${version} of the schema, as this clone expects.`)];
}
