/** POST /v1beta/models/{model}:generateContent of the image models. */
import { encodeBase64 } from "../base64.ts";
import { invalidArgument, jsonResponse, modelNotFound } from "../google_errors.ts";
import { IMAGE_MODELS, type ImageModel } from "../models.ts";
import { presetMismatch } from "../presets.ts";
import { parseJson, readMessage } from "../proto_json.ts";
import { delay, newId, type RequestContext, type State } from "../state.ts";
import { GENERATE_CONTENT_REQUEST, type GenerateContentRequest } from "./request_schema.ts";
import type { ScriptRule } from "../script.ts";
import type { Plan } from "./plan.ts";
import { readSourceImage, type SourceImage } from "./source_image.ts";

/** Tokens that an image in the prompt counts as. */
const INPUT_IMAGE_TOKENS = 258;

export async function generateContent(
  context: RequestContext,
  modelName: string,
): Promise<Response> {
  const { state, body, record, rule } = context;
  const model = Object.hasOwn(IMAGE_MODELS, modelName) ? IMAGE_MODELS[modelName] : undefined;
  if (model === undefined) throw modelNotFound(modelName, "generateContent");
  const request = readMessage(parseJson(body), GENERATE_CONTENT_REQUEST) as GenerateContentRequest;
  const { picture, tokens, thoughts } = planPicture(state, modelName, {
    ...readContents(request),
    config: request.generationConfig,
  });
  const { prompt, sources, type } = picture;

  await delay(state.imageDelayMs, state.closing);

  const head = { modelVersion: modelName, responseId: newId() };
  const promptUsage = countPrompt(prompt, sources.length);
  const withoutImage = rule && replyWithoutImage(rule, prompt);
  if (withoutImage) return jsonResponse({ ...withoutImage, usageMetadata: promptUsage, ...head });

  record.accepted = true;
  const bytes = await state.painter.picture(picture);
  // There is a text part, too, whatever modalities were asked for: clients have to look for the
  // image among the parts.
  return jsonResponse({
    candidates: [
      candidate([
        { text: sources.length > 0 ? "Here is the edited picture. " : "Here is your picture. " },
        { inlineData: { mimeType: `image/${type}`, data: encodeBase64(bytes) } },
      ]),
    ],
    ...head,
    usageMetadata: {
      ...promptUsage,
      candidatesTokenCount: tokens,
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: tokens }],
      ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
      totalTokenCount: promptUsage.promptTokenCount + thoughts + tokens,
    },
  });
}

type Config = NonNullable<GenerateContentRequest["generationConfig"]>;

/** Checks what a model is asked for. */
export function planPicture(
  state: State,
  label: string,
  { prompt, sources, config = {} }: { prompt: string; sources: SourceImage[]; config?: Config },
): Plan {
  const model = IMAGE_MODELS[label];
  refuseSampling(config, model);
  if (sources.length > model.sources) {
    throw invalidArgument(`At most ${model.sources} input images are supported by this model.`);
  }
  const [width, height] = pixelSize(config, model, sources[0]);
  const size = config.imageConfig?.imageSize ?? "1K";
  const { type, thoughts, tokens: { [size]: tokens } } = model;
  // The same prompt with another seed gives another picture.
  const seed = state.seed + Number(config.seed ?? 0);
  return { picture: { type, prompt, label, width, height, seed, sources }, tokens, thoughts };
}

/** What a rule has the model answer instead of an image; undefined where it wants one. */
function replyWithoutImage(rule: ScriptRule, prompt: string): object | undefined {
  const unable = "Unable to show the generated image. ";
  const ended = (finishReason: string, why: string) => ({
    candidates: [{ finishReason, finishMessage: unable + why, index: 0 }],
  });
  switch (rule.preset) {
    case undefined:
    case "truncated":
    case "drop-after":
      return undefined;
    case "prompt-blocked":
      return { promptFeedback: blockedPrompt() };
    case "safety":
      return ended(
        "IMAGE_SAFETY",
        "The image was filtered out because it violated Google's Generative AI Prohibited Use " +
          "policy.",
      );
    case "no-image":
      return ended(
        "NO_IMAGE",
        "The model could not generate the image based on the prompt provided.",
      );
    case "text-only":
      return {
        candidates: [candidate([{ text: `Of course, here is a picture of it: ${prompt}` }])],
      };
    default:
      throw presetMismatch(rule, "an image");
  }
}

function readContents(request: GenerateContentRequest) {
  const contents = request.contents ?? [];
  if (contents.length === 0) {
    throw invalidArgument("* GenerateContentRequest.contents: contents is not specified");
  }
  const texts: string[] = [];
  const sources: SourceImage[] = [];
  contents.forEach(({ role, parts }, index) => {
    if (role !== undefined && role !== "user" && role !== "model") {
      throw invalidArgument("Please use a valid role: user, model.");
    }
    if (parts === undefined || parts.length === 0) {
      throw invalidArgument(
        `* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`,
      );
    }
    for (const part of parts) {
      if (part.text !== undefined) texts.push(part.text);
      else if (part.inlineData !== undefined) {
        sources.push(readSourceImage(part.inlineData.data ?? "", part.inlineData.mimeType ?? ""));
      } else {
        throw invalidArgument(
          `* GenerateContentRequest.contents[${index}].parts: ` +
            "required oneof field 'data' must have one initialized field",
        );
      }
    }
  });
  return { prompt: texts.join("\n"), sources };
}

const SAMPLING = ["seed", "temperature", "topP", "topK"] as const;

function refuseSampling(config: Config, model: ImageModel) {
  const given = SAMPLING.find((name) => config[name] !== undefined);
  if (given !== undefined && !model.samples) {
    throw invalidArgument(`${given} is not supported by this model.`);
  }
}

/** The size asked for. By default an edit keeps the shape of its source; a new image is square. */
function pixelSize(
  { responseModalities, candidateCount, imageConfig = {} }: Config,
  model: ImageModel,
  source: SourceImage | undefined,
): [number, number] {
  if (responseModalities !== undefined && !responseModalities.includes("IMAGE")) {
    throw invalidArgument("The requested combination of response modalities is not supported.");
  }
  if (candidateCount !== undefined && candidateCount !== 1) {
    throw invalidArgument("Multiple candidates is not enabled for this model");
  }
  const { aspectRatio, imageSize } = imageConfig;
  if (aspectRatio !== undefined && !Object.hasOwn(model.sizes, aspectRatio)) {
    throw invalidArgument(
      `Invalid aspect ratio. Supported aspect ratios: ${Object.keys(model.sizes).join(", ")}.`,
    );
  }
  if (imageSize !== undefined && !model.imageSizes.includes(imageSize)) {
    throw invalidArgument("Image size is not supported for this model.");
  }
  const ratio = aspectRatio ?? nearestRatio(model, source);
  const [width, height] = model.sizes[ratio];
  const scale = imageSize === "512" ? 1 / 2 : Number.parseInt(imageSize ?? "1K");
  return [width * scale, height * scale];
}

function nearestRatio(model: ImageModel, source: SourceImage | undefined): string {
  if (source === undefined) return "1:1";
  const wanted = Math.log(source.width / source.height);
  const distance = ([width, height]: [number, number]) =>
    Math.abs(Math.log(width / height) - wanted);
  return Object.entries(model.sizes).reduce((best, next) =>
    distance(next[1]) < distance(best[1]) ? next : best
  )[0];
}

function candidate(parts: unknown[]) {
  return { content: { parts, role: "model" }, finishReason: "STOP", index: 0 };
}

function countPrompt(prompt: string, images: number) {
  const text = Math.max(1, Math.ceil(prompt.length / 4));
  const promptTokensDetails = [{ modality: "TEXT", tokenCount: text }];
  if (images > 0) {
    promptTokensDetails.push({ modality: "IMAGE", tokenCount: images * INPUT_IMAGE_TOKENS });
  }
  const promptTokenCount = text + images * INPUT_IMAGE_TOKENS;
  return { promptTokenCount, totalTokenCount: promptTokenCount, promptTokensDetails };
}

function blockedPrompt() {
  const categories = ["HATE_SPEECH", "SEXUALLY_EXPLICIT", "HARASSMENT", "DANGEROUS_CONTENT"];
  return {
    blockReason: "PROHIBITED_CONTENT",
    safetyRatings: categories.map((category) => ({
      category: `HARM_CATEGORY_${category}`,
      probability: "NEGLIGIBLE",
    })),
  };
}
