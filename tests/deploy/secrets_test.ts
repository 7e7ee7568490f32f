/** The CLI sets the variables of the functions in a project. */
import { deepEqual, equal, match } from "node:assert/strict";
import { REPOSITORY } from "./deployment.ts";
import { startManagementApi } from "./management_api.ts";
import { PROJECT, supabase } from "./supabase_cli.ts";

Deno.test("the CLI sets every variable of the example, and skips names of Supabase's own", async () => {
  const api = startManagementApi();
  const set = async (...args: string[]) => {
    const outcome = await supabase(REPOSITORY, api.url, [
      ...["secrets", "set", `--remote=${PROJECT}`],
      ...args,
    ]);
    equal(outcome.code, 0, outcome.output);
    return outcome.output;
  };
  try {
    const file = `${REPOSITORY}supabase/functions/.env.example`;
    await set("--env-file", file);
    const shown = [...(await Deno.readTextFile(file)).matchAll(/^([A-Z_]+)=(.*)$/gm)];
    deepEqual(
      [...api.secrets].sort(),
      shown.map(([, name, value]) => [name, value]).sort(),
    );

    match(
      await set("PUBLIC_URL=https://one.example", "SUPABASE_PUBLIC_URL=https://two.example"),
      /SUPABASE_PUBLIC_URL/,
    );
    equal(api.secrets.get("PUBLIC_URL"), "https://one.example");
    equal(api.secrets.has("SUPABASE_PUBLIC_URL"), false);
  } finally {
    await api.close();
  }
});
