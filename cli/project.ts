/** Which project to talk to, and with which key. */
import { address, credential, VariableError } from "../supabase/functions/_shared/variable.ts";
import { UsageError } from "./failure.ts";

/** The project's API. */
export interface Project {
  /** Without trailing slash. */
  url: string;
  key: string;
}

const LOCALLY = "Of the local stack: `deno task start` writes it into .env.local; pass that with " +
  "`deno run --env-file=.env.local …`.";

/** @throws {UsageError} that names the variable and says where its value is found. */
export function readProject(environment: (name: string) => string | undefined): Project {
  try {
    const url = address(environment, "SUPABASE_URL");
    if (url === undefined) {
      throw new UsageError(
        "SUPABASE_URL is not set. It is the API URL in your project's settings (Data API), like " +
          `https://PROJECT_REF.supabase.co. ${LOCALLY}`,
      );
    }
    const key = credential(environment, "SUPABASE_SECRET_KEY") ??
      credential(environment, "SUPABASE_SERVICE_ROLE_KEY");
    if (key === undefined) {
      throw new UsageError(
        "SUPABASE_SECRET_KEY is not set (nor SUPABASE_SERVICE_ROLE_KEY). It is a secret key in " +
          `your project's settings (API Keys). ${LOCALLY}`,
      );
    }
    return { url, key };
  } catch (error) {
    if (error instanceof VariableError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}
