/** Content negotiation between JSON and text (RFC 9110, section 12.5.1). */

/**
 * Whether the caller prefers text to JSON. No header, wildcards and a tie mean JSON. So does a header
 * that allows neither: JSON is more useful than an error.
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
  // A malformed weight must not make the range the preferred one.
  const quality = weight === undefined
    ? 1
    : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight)
    ? Number(weight)
    : 0;
  return { type, quality };
}

/** The weight of the most specific range that matches the type; 0 if none does. */
function qualityOf(type: string, ranges: Range[]): number {
  for (const pattern of [type, `${type.split("/")[0]}/*`, "*/*"]) {
    const weights = ranges.filter((range) => range.type === pattern).map(({ quality }) => quality);
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}
