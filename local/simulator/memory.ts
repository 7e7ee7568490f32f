/** Keeps what was requested in a file, as a job that waits for one outlives the simulator. */
import type { Interaction, State } from "./state.ts";

type Memory = Pick<State, "operations" | "interactions" | "files">;

/** How long the API keeps a video: https://ai.google.dev/gemini-api/docs/video. Milliseconds. */
const KEPT = 48 * 3_600_000;

export function emptyMemory(): Memory {
  return { operations: new Map(), interactions: new Map(), files: new Map() };
}

/** What the file holds and is not too old; nothing if the file is missing or unreadable. */
export function recall(file: string): Memory {
  const memory = emptyMemory();
  try {
    const { operations, interactions, files } = JSON.parse(Deno.readTextFileSync(file));
    for (const name of ["operations", "interactions"] as const) {
      for (const one of { operations, interactions }[name]) {
        if (Date.now() - one.readyAt > KEPT) continue;
        memory[name].set(one.name ?? one.id, one);
        if (one.fileId !== undefined) memory.files.set(one.fileId, files[one.fileId]);
      }
    }
    return memory;
  } catch {
    // A job whose video is lost reports that itself.
    return emptyMemory();
  }
}

function withoutSources(request: Interaction["request"]): Interaction["request"] {
  if (!("plan" in request)) return { ...request, image: undefined };
  const { plan } = request;
  return { ...request, plan: { ...plan, picture: { ...plan.picture, sources: [] } } };
}

/**
 * Writes the file atomically. Source images are left out, as they may be large: after a restart
 * their videos show the prompt alone.
 */
export function remember(file: string, { operations, interactions, files }: Memory): void {
  const plain = {
    operations: [...operations.values()],
    interactions: [...interactions.values()]
      .map((one) => ({ ...one, request: withoutSources(one.request) })),
    files: Object.fromEntries(
      [...files].map(([id, film]) => [id, { ...film, source: undefined }]),
    ),
  };
  const written = `${file}.new`;
  Deno.writeTextFileSync(written, JSON.stringify(plain));
  Deno.renameSync(written, file);
}
