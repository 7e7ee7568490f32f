import { drawPicture } from "../../local/simulator/drawing/picture.ts";
import type { Source } from "./official_requests.ts";

export const IMAGE_MODEL = "gemini-2.5-flash-image";
export const VEO_MODEL = "veo-3.1-fast-generate-preview";
export const OMNI_MODEL = "gemini-omni-1.1-flash";

/** A picture to edit or to animate. */
export async function picture(prompt = "A lighthouse"): Promise<Source> {
  const size = { width: 160, height: 90 };
  const bytes = await drawPicture({ prompt, label: "sample", seed: 0, sources: [], ...size });
  return { bytes, mimeType: "image/png" };
}
