/** The pages of the repository. */

export const ROOT = new URL("../../", import.meta.url);

/** Their paths, from the root of the repository. */
export function pages(): string[] {
  const inFolder = (folder: string) =>
    [...Deno.readDirSync(new URL(folder, ROOT))]
      .filter(({ isFile, name }) => isFile && name.endsWith(".md"))
      .map(({ name }) => folder + name);
  return ["./", "docs/"].flatMap(inFolder).sort();
}
