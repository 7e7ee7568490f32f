/** Omni, and images in the background: POST /v1beta/interactions, GET …/{id}, POST …/{id}/cancel. */
import { encodeBase64 } from "../base64.ts";
import { jsonResponse } from "../google_errors.ts";
import { madeImage, readImageRequest } from "../images/interaction_request.ts";
import { isPending, videoOutcome } from "../presets.ts";
import { delay, type Interaction, newId, type RequestContext } from "../state.ts";
import { addFile, addressOf } from "./files.ts";
import { InteractionError, readVideoRequest } from "./interaction_request.ts";

/** Output tokens of a second of video. */
const TOKENS_PER_SECOND = 5792;

export async function createInteraction(context: RequestContext): Promise<Response> {
  const { state, body, record, rule } = context;
  const request = record.kind === "image" ? readImageRequest(state, body) : readVideoRequest(body);
  record.accepted = true;
  const fileId = "plan" in request ? undefined : addFile(state, {
    prompt: request.prompt,
    label: `${request.model} · ${request.resolution}`,
    aspectRatio: request.aspectRatio,
    seconds: request.seconds,
    seed: state.seed + request.seed,
    source: request.image,
  });
  const delayMs = "plan" in request ? state.imageDelayMs : state.videoDelayMs;
  const interaction: Interaction = {
    id: `v1_${newId()}`,
    request,
    readyAt: Date.now() + delayMs,
    outcome: videoOutcome(rule),
    cancelled: false,
    fileId,
  };
  state.interactions.set(interaction.id, interaction);
  state.remember();
  if (request.background) return jsonResponse(head(interaction, "in_progress"));
  // Without `background` the answer is the finished interaction.
  await delay(delayMs, state.closing);
  return jsonResponse(await finished(context, interaction));
}

export async function pollInteraction(context: RequestContext, id: string): Promise<Response> {
  const { rule } = context;
  const interaction = find(context, id);
  if (interaction.cancelled) return jsonResponse(head(interaction, "cancelled"));
  if (isPending(rule, interaction)) return jsonResponse(head(interaction, "in_progress"));
  return jsonResponse(await finished(context, interaction));
}

export async function cancelInteraction(context: RequestContext, id: string): Promise<Response> {
  const interaction = find(context, id);
  if (Date.now() >= interaction.readyAt && !interaction.cancelled) {
    return jsonResponse(await finished(context, interaction));
  }
  interaction.cancelled = true;
  context.state.remember();
  return jsonResponse(head(interaction, "cancelled"));
}

function find({ state }: RequestContext, id: string): Interaction {
  const interaction = state.interactions.get(id);
  // An id that does not exist is 400 here, not 404.
  if (interaction === undefined) throw new InteractionError(`Invalid interaction id: ${id}`);
  return interaction;
}

function head({ id, request }: Interaction, status: string) {
  return { id, status, object: "interaction", model: request.model };
}

async function finished(
  { state, url }: RequestContext,
  interaction: Interaction,
): Promise<Record<string, unknown>> {
  const { request, outcome } = interaction;
  if (outcome === "error") {
    return {
      ...head(interaction, "failed"),
      errors: [{ code: "internal_error", message: "An internal error has occurred." }],
    };
  }
  if (outcome === "nothing") return { ...head(interaction, "completed"), steps: [] };
  if (outcome !== "video") {
    // A refusal has no status of its own: a completed interaction that says so in words.
    const noun = "plan" in request ? "image" : "video";
    const text = `I can't create that ${noun}. Please try a different prompt.`;
    return {
      ...head(interaction, "completed"),
      steps: [{ type: "model_output", content: [{ type: "text", text }] }],
      usage: { total_output_tokens: 14 },
    };
  }
  const { media, words, thoughts, tokens } = "plan" in request ? await madeImage(state, request) : {
    media: {
      type: "video",
      mime_type: "video/mp4",
      ...(request.delivery === "uri"
        ? { uri: addressOf(url, interaction.fileId!) }
        : { data: encodeBase64(await state.painter.film(state.files.get(interaction.fileId!)!)) }),
    },
    words: Math.ceil(request.prompt.length / 4),
    thoughts: 300,
    tokens: Math.round(request.seconds * TOKENS_PER_SECOND),
  };
  return {
    ...head(interaction, "completed"),
    steps: [{ type: "model_output", content: [media] }],
    usage: {
      total_tokens: words + thoughts + tokens,
      total_input_tokens: words,
      // Thoughts are within the output here, beside it in generateContent.
      total_output_tokens: thoughts + tokens,
      total_thought_tokens: thoughts,
      output_tokens_by_modality: [{ modality: media.type, tokens }],
    },
  };
}
