import { drawPicture } from "../../local/simulator/drawing/picture.ts";
import type { Source } from "./official_requests.ts";

export { IMAGE_MODEL, OMNI_MODEL, VEO_MODEL, VERTEX_MODEL } from "../simulator/client.ts";

/** A picture to edit or to animate. */
export async function picture(prompt = "A lighthouse"): Promise<Source> {
  const size = { width: 160, height: 90 };
  const bytes = await drawPicture({
    type: "png",
    prompt,
    label: "sample",
    seed: 0,
    sources: [],
    ...size,
  });
  return { bytes, mimeType: "image/png" };
}
