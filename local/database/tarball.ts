/**
 * Reading a `.tar.gz`: the form in which PGlite's extensions carry their SQL.
 *
 * @module
 */

const BLOCK = 512;

/** The regular files of a gzipped tar archive: name to text. Meant for archives of SQL files. */
export async function readTarball(location: URL): Promise<Map<string, string>> {
  const packed = await Deno.readFile(location);
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const tar = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const files = new Map<string, string>();
  for (let offset = 0; offset + BLOCK <= tar.length;) {
    const header = tar.subarray(offset, offset + BLOCK);
    const name = field(header, 0, 100);
    if (name === "") break; // an empty block ends the archive
    const prefix = field(header, 345, 155);
    const size = parseInt(field(header, 124, 12), 8) || 0;
    const type = field(header, 156, 1);
    const start = offset + BLOCK;
    if (type === "" || type === "0") {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      files.set(path, new TextDecoder().decode(tar.subarray(start, start + size)));
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function field(header: Uint8Array, start: number, length: number): string {
  const text = new TextDecoder().decode(header.subarray(start, start + length));
  const end = text.indexOf("\0");
  return (end < 0 ? text : text.slice(0, end)).trim();
}
