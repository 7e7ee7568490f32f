import { packageFile } from "../../npm_package.ts";

/** `"2.1.4"` is the version that Supabase's runtime is compatible with. */
export type DenoVersion = "current" | "2.1.4";

/** The Deno executable of a version; one other than the running one comes from npm. */
export async function denoBinary(
  version: DenoVersion,
  log: (line: string) => void = () => {},
): Promise<string> {
  if (version === "current" || version === Deno.version.deno) return Deno.execPath();
  const path = Deno.build.os === "windows" ? "deno.exe" : "deno";
  return await packageFile({ name: platformPackage(), version, path }, log);
}

function platformPackage(): string {
  const { os, arch } = Deno.build;
  const cpu = arch === "aarch64" ? "arm64" : "x64";
  switch (os) {
    case "linux":
      return `@deno/linux-${cpu}-glibc`;
    case "darwin":
      return `@deno/darwin-${cpu}`;
    case "windows":
      return `@deno/win32-${cpu}`;
    default:
      throw new Error(`there is no Deno on npm for ${os}`);
  }
}
