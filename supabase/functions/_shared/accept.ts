/** Which media type a caller would rather have (RFC 9110, section 12.5.1). */

/**
 * Whether text is wanted instead of JSON. No header, wildcards and a tie mean JSON, and so does a
 * header that allows neither: an answer of another type than the caller's is of more use than none.
 */
export function prefersText(headers: Headers): boolean {
  const ranges = (headers.get("accept") ?? "").split(",").map(readRange);
  const json = ["application/json", "application/problem+json"].map((type) =>
    qualityOf(type, ranges)
  );
  return qualityOf("text/plain", ranges) > Math.max(...json);
}

interface Range {
  type: string;
  quality: number;
}

function readRange(text: string): Range {
  const [type, ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.split("=")[1].trim();
  // A weight that is none must not turn the range into the favourite.
  const quality = weight === undefined
    ? 1
    : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)
    ? Number(weight)
    : 0;
  return { type, quality };
}

/** The weight of the range that names the type most closely; 0 when none does. */
function qualityOf(type: string, ranges: Range[]): number {
  for (const pattern of [type, `${type.split("/")[0]}/*`, "*/*"]) {
    const weights = ranges.filter((range) => range.type === pattern).map(({ quality }) => quality);
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}
