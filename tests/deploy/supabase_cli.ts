/**
 * The real Supabase CLI, apart from the user's own: with a home, a token and an API of the test's.
 */
import { join } from "node:path";
import { packageFile } from "../../local/npm_package.ts";

/** The version whose uploads were checked; a newer one may choose files differently. */
const VERSION = "3.1.0";

/** No management API, for commands that send it no request. */
export const NOWHERE = "http://127.0.0.1:1";

/** The ref of a project that does not exist: twenty letters, as the CLI requires. */
export const PROJECT = "abcdefghijklmnopqrst";

/**
 * Runs the CLI in the project at `workdir`, talking to the management API at `apiUrl`, with more
 * environment variables where a command wants some.
 */
export async function supabase(
  workdir: string,
  apiUrl: string,
  args: string[],
  variables: Record<string, string> = {},
) {
  const binary = await supabaseBinary();
  const home = await Deno.makeTempDir({ prefix: "supabase-home-" });
  try {
    const profile = join(home, "profile.yaml");
    await Deno.writeTextFile(
      profile,
      `name: loopback\napi_url: ${apiUrl}\ndashboard_url: ${apiUrl}\nproject_host: 127.0.0.1\n`,
    );
    const { code, stdout, stderr } = await new Deno.Command(binary, {
      args: ["--workdir", workdir, "--profile", profile, "--yes", ...args],
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: home,
        USERPROFILE: home,
        XDG_CONFIG_HOME: home,
        SUPABASE_HOME: home,
        SUPABASE_ACCESS_TOKEN: newAccessToken(),
        SUPABASE_NO_KEYRING: "1",
        SUPABASE_NO_UPDATE_NOTIFIER: "1",
        SUPABASE_TELEMETRY_DISABLED: "1",
        DO_NOT_TRACK: "1",
        NO_COLOR: "1",
        ...variables,
      },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out, stderr: err, output: out + err };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** A value in the form of a personal access token; Supabase has not issued it. */
function newAccessToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return "sbp_" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The CLI's executable. */
async function supabaseBinary(): Promise<string> {
  const { os, arch } = Deno.build;
  const name = `@supabase/cli-${os}-${arch === "aarch64" ? "arm64" : "x64"}`;
  const path = join("bin", os === "windows" ? "supabase.exe" : "supabase");
  const binary = await packageFile({ name, version: VERSION, path });
  await Deno.chmod(binary, 0o755); // npm's client would have done so
  return binary;
}
