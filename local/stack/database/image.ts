import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { PGlite } from "@electric-sql/pglite";

/** The version of lite, which pins that of PGlite. */
const VERSION = /lite[@/](\d[\w.-]*)/.exec(import.meta.resolve("@supabase/lite"))?.[1];

/**
 * The files of a new, empty database, kept in the git-ignored `.tools/`: making them takes PGlite
 * two seconds and more, unpacking them a fraction of one.
 */
const IMAGE = fileURLToPath(
  new URL(`../../../.tools/empty-database-${VERSION}.tar`, import.meta.url),
);

/** The files of an empty database, if some were kept. */
export async function emptyDatabase(): Promise<Blob | undefined> {
  try {
    return new Blob([await Deno.readFile(IMAGE)]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Keeps the files of a database that has just been made. */
export async function keepImage(driver: PGlite): Promise<void> {
  const image = await driver.dumpDataDir("none");
  await Deno.mkdir(dirname(IMAGE), { recursive: true });
  // Others may do the same now; each sees a whole image or none.
  const unfinished = await Deno.makeTempFile({ dir: dirname(IMAGE), prefix: "empty-database-" });
  await Deno.writeFile(unfinished, image.stream());
  await Deno.rename(unfinished, IMAGE);
}

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
