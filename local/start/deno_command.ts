import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * How this user calls Deno: by its name when it is installed. `npx` puts a copy on the PATH, but
 * only for what it starts itself, so those folders do not count.
 */
export function denoCommand(path: string, isFile: (path: string) => boolean = existsSync): string {
  const program = Deno.build.os === "windows" ? "deno.exe" : "deno";
  const folders = path.split(delimiter).filter((folder) =>
    folder !== "" && !/[\\/]node_modules[\\/]/.test(`${folder}/`)
  );
  const installed = folders.some((folder) => isFile(join(folder, program)));
  return installed ? "deno" : "npx --yes deno@2";
}
