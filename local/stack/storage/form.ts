import { invalidRequest } from "./errors.ts";

/** What a request wants to store. */
export interface Upload {
  body: ReadableStream<Uint8Array> | null;
  mimetype: string;
  cacheControl: string;
}

/** Reads the form that supabase-js sends for a `Blob` or `File`. */
export async function readForm(request: Request): Promise<Upload> {
  const form = await namedParts(request);
  const file = [...form.values()].find((value) => value instanceof File);
  if (!file) throw invalidRequest("No content provided");
  const seconds = form.get("cacheControl");
  return {
    body: file.stream(),
    mimetype: String(form.get("contentType") ?? "") || file.type || "application/octet-stream",
    cacheControl: seconds ? `max-age=${seconds}` : "no-cache",
  };
}

/** supabase-js gives the file an empty name, and Deno leaves out parts whose name is empty. */
async function namedParts(request: Request): Promise<FormData> {
  const latin1 = new TextDecoder("latin1");
  const body = new Uint8Array(await request.arrayBuffer());
  const mark = '; name=""';
  const at = latin1.decode(body).indexOf(mark);
  const named = at < 0 ? body : new Blob([
    body.subarray(0, at),
    '; name="file"',
    body.subarray(at + mark.length),
  ]);
  const headers = { "content-type": request.headers.get("content-type")! };
  return await new Response(named, { headers }).formData();
}
