/** Gemini's image models and Omni at Vertex AI: the protocols are the same, the addresses differ. */
import { generateContent } from "../images/generate_content.ts";
import { IMAGE_MODELS } from "../models.ts";
import type { RequestContext } from "../state.ts";
import { createInteraction } from "../videos/interaction.ts";
import { InteractionError, readVideoRequest } from "../videos/interaction_request.ts";
import { requireProject } from "./access.ts";
import { publisherModelNotFound } from "./videos.ts";

export function generateAtVertex(
  context: RequestContext,
  resource: string,
): Response | Promise<Response> {
  requireProject(resource);
  const model = resource.split("/").at(-1)!;
  if (!Object.hasOwn(IMAGE_MODELS, model)) throw publisherModelNotFound(resource);
  return generateContent(context, model);
}

export function createAtVertex(context: RequestContext): Promise<Response> {
  const { delivery } = readVideoRequest(context.body);
  if (delivery === "uri") {
    throw new InteractionError("response_format.gcs_uri is required for delivery 'uri'");
  }
  return createInteraction(context);
}
