/** The pages of the repository, and all else that is written here. */

export const ROOT = new URL("../../", import.meta.url);

/** What `.gitignore` names, and git itself. A copy without git has the same files. */
const NOT_OURS = /^(\.git|\.tools|\.local|target|artifacts|node_modules)$/;

/** The files of a folder and of all below it, from the root of the repository. */
export function files(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder || ".", ROOT))].flatMap(({ name, isDirectory }) => {
    if (!isDirectory) return [folder + name];
    return NOT_OURS.test(name) ? [] : files(`${folder}${name}/`);
  });
}

/** The paths of the pages, from the root of the repository. */
export function pages(): string[] {
  return files().filter((path) => path.endsWith(".md")).sort();
}
