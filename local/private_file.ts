/** Files with keys in them. */
import { rename } from "node:fs/promises";

/**
 * Writes a file that only its owner can read, whatever was there before. It is renamed to its path when
 * it is complete, so a link there is replaced and not followed.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(unfinished, text, { mode: 0o600, createNew: true });
    await rename(unfinished, path);
  } catch (error) {
    await Deno.remove(unfinished).catch(() => {});
    throw error;
  }
}
