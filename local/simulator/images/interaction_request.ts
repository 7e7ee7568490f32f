/**
 * What POST /v1beta/interactions takes for an image, and what a finished one shows.
 * Source: the types of @google/genai 3.1.0 (CreateModelInteraction, ImageResponseFormat).
 */
import { encodeBase64 } from "../base64.ts";
import { ApiError } from "../google_errors.ts";
import { IMAGE_MODELS } from "../models.ts";
import { parseJson } from "../proto_json.ts";
import type { State } from "../state.ts";
import {
  fields,
  InteractionError,
  readInput,
  REQUEST_FIELDS,
} from "../videos/interaction_request.ts";
import { planPicture } from "./generate_content.ts";
import type { ImageRequest, Plan } from "./plan.ts";

const FORMAT_FIELDS = ["type", "aspect_ratio", "delivery", "image_size", "mime_type"];

export function readImageRequest(state: State, body: string): ImageRequest {
  const request = fields("body", parseJson(body), REQUEST_FIELDS);
  const { model, input, background = false, generation_config = {} } = request;
  if (typeof model !== "string") throw new InteractionError("model is required");
  if (!Object.hasOwn(IMAGE_MODELS, model) || !IMAGE_MODELS[model].background) {
    throw new InteractionError(`Model '${model}' not found.`);
  }
  if (typeof background !== "boolean") throw new InteractionError("background has to be a boolean");
  const format = fields("response_format", request.response_format, FORMAT_FIELDS);
  if (format.delivery !== undefined && format.delivery !== "inline") {
    throw new InteractionError("simulator: an image is only delivered inline");
  }
  const { seed } = fields("generation_config", generation_config, ["seed", "thinking_level"]);
  const { prompt, images: sources } = readInput(input);
  const plan = planned(() =>
    planPicture(state, model, {
      prompt,
      sources,
      config: {
        seed: seed as number | undefined,
        imageConfig: {
          aspectRatio: format.aspect_ratio as string | undefined,
          imageSize: format.image_size as string | undefined,
        },
      },
    })
  );
  return { model, background, plan };
}

/** The errors of generateContent, in the shape that this endpoint gives them. */
function planned(plan: () => Plan): Plan {
  try {
    return plan();
  } catch (error) {
    throw error instanceof ApiError ? new InteractionError(error.message) : error;
  }
}

/** A finished image, and the tokens that it took. */
export async function madeImage(state: State, { plan }: ImageRequest) {
  const { picture, tokens, thoughts } = plan;
  const data = encodeBase64(await state.painter.picture(picture));
  const media = { type: "image", mime_type: `image/${picture.type}`, data };
  return { media, words: Math.ceil(picture.prompt.length / 4), thoughts, tokens };
}
