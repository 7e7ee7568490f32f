/** Videos that were asked for, in a file: a job that waits for one outlives the simulator. */
import type { State } from "./state.ts";

type Memory = Pick<State, "operations" | "interactions" | "files">;

/** How long the API keeps a video: https://ai.google.dev/gemini-api/docs/video. Milliseconds. */
const KEPT = 48 * 3_600_000;

export function emptyMemory(): Memory {
  return { operations: new Map(), interactions: new Map(), files: new Map() };
}

/** What the file holds that is not too old; nothing if it does not exist or cannot be read. */
export function recall(file: string): Memory {
  const memory = emptyMemory();
  try {
    const { operations, interactions, files } = JSON.parse(Deno.readTextFileSync(file));
    for (const name of ["operations", "interactions"] as const) {
      for (const one of { operations, interactions }[name]) {
        if (Date.now() - one.readyAt > KEPT) continue;
        memory[name].set(one.name ?? one.id, one);
        memory.files.set(one.fileId, files[one.fileId]);
      }
    }
    return memory;
  } catch {
    // A job whose video is not known any more says so itself.
    return emptyMemory();
  }
}

/**
 * Writes the file, at once and whole. Pictures that were to be set in motion are left out, as they
 * may be large: after a restart their videos show the prompt's own picture.
 */
export function remember(file: string, { operations, interactions, files }: Memory): void {
  const plain = {
    operations: [...operations.values()],
    interactions: [...interactions.values()]
      .map((one) => ({ ...one, request: { ...one.request, image: undefined } })),
    files: Object.fromEntries(
      [...files].map(([id, film]) => [id, { ...film, source: undefined }]),
    ),
  };
  const written = `${file}.new`;
  Deno.writeTextFileSync(written, JSON.stringify(plain));
  Deno.renameSync(written, file);
}
