// @ts-check
/** Which files a model takes as a source: known by their bytes, as the workers know them, whatever their names say. */

/** Of all sources of a job together, in bytes. */
const LARGEST = 20 * 1024 * 1024;

/** How many bytes tell a format. */
export const HEAD = 12;

const FAMILIES = /** @type {Record<string, string>} */ ({
  ...{ heic: "heic", heix: "heic", hevc: "heic", hevx: "heic" },
  ...{ mif1: "heif", msf1: "heif", heim: "heif", heis: "heif" },
});

/** @param {Uint8Array} head its first bytes @returns {string | undefined} as in `image/png` */
export function formatOf(head) {
  const text = String.fromCharCode(...head.subarray(0, HEAD));
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (text.startsWith("RIFF") && text.slice(8) === "WEBP") return "webp";
  return text.slice(4, 8) === "ftyp" ? FAMILIES[text.slice(8)] : undefined;
}

/**
 * Why a file can be no source.
 *
 * @param {{ name: string, size: number }} file
 * @param {string | undefined} format
 * @returns {string | undefined}
 */
export function unusable({ name, size }, format) {
  if (!format) return `${name} is no picture. Expected a PNG, JPEG, WebP, HEIC or HEIF.`;
  if (size <= LARGEST) return undefined;
  // Rounded up: what is a little too large is not said to be as large as it may be.
  const megabytes = Math.ceil(size / LARGEST * 200) / 10;
  return `${name} has ${megabytes} MB. Expected at most 20 MB.`;
}
