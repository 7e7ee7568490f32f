/** The part of Supabase's management API that deploys functions and sets secrets, on the loopback. */

import { serve } from "../support/loopback.ts";

/** What was uploaded for one function. */
export interface Upload {
  slug: string;
  metadata: {
    name: string;
    entrypoint_path: string;
    import_map_path?: string;
    verify_jwt: boolean;
  };
  /** Path, as the CLI names it, to content. */
  files: Map<string, Uint8Array>;
}

/** Starts it; what was uploaded for each function, and what `secrets set` has set, by name. */
export function startManagementApi() {
  const uploads: Upload[] = [];
  const secrets = new Map<string, string>();
  const server = serve(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    // The CLI looks for functions that config.toml does not mention: there are none yet.
    if (request.method === "GET" && pathname.endsWith("/functions")) return Response.json([]);
    if (request.method === "POST" && pathname.endsWith("/secrets")) {
      for (const { name, value } of await request.json()) secrets.set(name, value);
      return new Response(null, { status: 201 });
    }
    if (request.method !== "POST" || !pathname.endsWith("/functions/deploy")) {
      return Response.json({ message: "not found" }, { status: 404 });
    }
    const upload = await readUpload(searchParams.get("slug") ?? "", await request.formData());
    uploads.push(upload);
    return Response.json({
      id: crypto.randomUUID(),
      slug: upload.slug,
      name: upload.metadata.name,
      status: "ACTIVE",
      version: 1,
      verify_jwt: upload.metadata.verify_jwt,
      created_at: 0,
      updated_at: 0,
    }, { status: 201 });
  });
  return { ...server, uploads, secrets };
}

async function readUpload(slug: string, form: FormData): Promise<Upload> {
  const metadata = form.get("metadata");
  const files = new Map<string, Uint8Array>();
  for (const part of form.getAll("file")) {
    if (part instanceof File) files.set(part.name, await part.bytes());
  }
  const text = metadata instanceof File ? await metadata.text() : metadata ?? "null";
  return { slug, metadata: JSON.parse(text), files };
}
