/**
 * What POST /v1beta/interactions takes for a video, in snake_case throughout.
 * Source: the types of @google/genai 3.1.0 (CreateModelInteraction).
 */
import { ApiError } from "../google_errors.ts";
import { readSourceImage, type SourceImage } from "../images/source_image.ts";
import { OMNI_MODELS, type VideoModel, videoModel } from "../models.ts";
import { parseJson } from "../proto_json.ts";

export interface VideoRequest {
  model: string;
  prompt: string;
  image?: SourceImage;
  seed: number;
  background: boolean;
  delivery: "uri" | "inline";
  aspectRatio: "16:9" | "9:16";
  resolution: string;
  seconds: number;
}

/** The interactions endpoint gives a short word as `code` where the others give a number. */
export class InteractionError extends ApiError {
  constructor(message: string) {
    super(400, "INVALID_ARGUMENT", message);
  }

  override toResponse(): Response {
    return Response.json({ error: { message: this.message, code: "invalid_request" } }, {
      status: this.code,
    });
  }
}

type Fields = Record<string, unknown>;

export const REQUEST_FIELDS = [
  "model",
  "input",
  "background",
  "response_format",
  "generation_config",
  "system_instruction",
  "previous_interaction_id",
  "response_modalities",
  "safety_settings",
  "service_tier",
  "store",
  "stream",
  "labels",
  "tools",
];

export function readVideoRequest(body: string): VideoRequest {
  const request = fields("body", parseJson(body), REQUEST_FIELDS);
  const { model, input, background = false, stream = false } = request;
  if (typeof model !== "string") throw new InteractionError("model is required");
  if (!OMNI_MODELS.includes(model)) throw new InteractionError(`Model '${model}' not found.`);
  if (typeof background !== "boolean") throw new InteractionError("background has to be a boolean");
  if (stream !== false) throw new InteractionError("simulator: streaming is not simulated");
  const { seed, task } = readConfig(request.generation_config ?? {});
  const { prompt, images } = readInput(input);
  const format = readFormat(request.response_format);
  checkModel(videoModel(model), task, images.length, format);
  return { model, background, prompt, image: images[0], seed, ...format };
}

/** The model takes no temperature, top_p or stop sequences. */
const CONFIG_FIELDS = ["seed", "thinking_level", "thinking_summaries", "video_config"];

function readConfig(value: unknown): { seed: number; task?: string } {
  const { video_config = {}, seed = 0 } = fields("generation_config", value, CONFIG_FIELDS);
  if (typeof seed !== "number" || !Number.isInteger(seed)) {
    throw new InteractionError("seed has to be an integer");
  }
  const { task } = fields("generation_config.video_config", video_config, ["task"]);
  if (task !== undefined && !TASKS.includes(String(task))) {
    throw new InteractionError(`Unknown task '${task}' in generation_config.video_config`);
  }
  return { seed, task: task as string | undefined };
}

const TASKS = ["text_to_video", "image_to_video", "reference_to_video", "edit", "extend"];

/** A text, contents, or steps of contents. An empty input is accepted (and billed) by the API. */
export function readInput(input: unknown): { prompt: string; images: SourceImage[] } {
  if (input === undefined || input === null) return { prompt: "", images: [] };
  if (typeof input === "string") return { prompt: input, images: [] };
  const texts: string[] = [];
  const images: SourceImage[] = [];
  for (const item of Array.isArray(input) ? input : [input]) {
    if (item?.type === "user_input") {
      const inner = readInput(item.content);
      texts.push(inner.prompt);
      images.push(...inner.images);
    } else if (item?.type === "text") {
      const { text } = fields("input", item, ["type", "text"]);
      if (typeof text !== "string") throw new InteractionError("input.text has to be a string");
      texts.push(text);
    } else if (item?.type === "image") {
      const { data, mime_type } = fields("input", item, [
        "type",
        "data",
        "mime_type",
        "resolution",
      ]);
      if (typeof data !== "string" || typeof mime_type !== "string") {
        throw new InteractionError("An input image requires data and mime_type");
      }
      images.push(readSourceImage(data, mime_type));
    } else {
      throw new InteractionError(`Unknown type '${item?.type}' in input`);
    }
  }
  return { prompt: texts.join("\n"), images };
}

const RESOLUTIONS = ["360p", "720p", "1080p", "4k"];

function readFormat(value: unknown) {
  const known = ["type", "delivery", "aspect_ratio", "resolution", "duration", "gcs_uri"];
  const format = fields("response_format", Array.isArray(value) ? value[0] : value ?? {}, known);
  const { delivery = "inline", aspect_ratio = "16:9", resolution = "720p", duration = "8s" } =
    format;
  if (format.type !== "video") throw new InteractionError("response_format.type has to be 'video'");
  if (delivery !== "uri" && delivery !== "inline") {
    throw new InteractionError(`Unknown delivery '${delivery}' in response_format`);
  }
  if (aspect_ratio !== "16:9" && aspect_ratio !== "9:16") {
    throw new InteractionError(`Unknown aspect_ratio '${aspect_ratio}' in response_format`);
  }
  if (!RESOLUTIONS.includes(String(resolution))) {
    throw new InteractionError(`Unknown resolution '${resolution}' in response_format`);
  }
  const seconds = typeof duration === "string"
    ? /^(\d+(?:\.\d+)?)s$/.exec(duration)?.[1]
    : undefined;
  if (seconds === undefined || Number(seconds) < 3 || Number(seconds) > 15) {
    throw new InteractionError("response_format.duration has to be between '3s' and '15s'");
  }
  return {
    delivery,
    aspectRatio: aspect_ratio,
    resolution: String(resolution),
    seconds: Number(seconds),
  } as const;
}

/** What this version of the model cannot do, though another one can. */
function checkModel(
  model: VideoModel | undefined,
  task: string | undefined,
  images: number,
  { seconds, resolution }: { seconds: number; resolution: string },
): void {
  if (model === undefined) return;
  const isBetween = images === 2 && task !== "reference_to_video";
  const most = Math.max(...isBetween ? model.betweenFrames : model.durations);
  if (seconds > most) {
    throw new InteractionError(`response_format.duration has to be at most '${most}s'`);
  }
  if (!model.resolutions.includes(resolution)) {
    throw new InteractionError(`The resolution '${resolution}' is not supported by this model`);
  }
  if (images > model.references) {
    throw new InteractionError(`At most ${model.references} images are supported`);
  }
}

export function fields(where: string, value: unknown, known: string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InteractionError(`${where} has to be an object`);
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new InteractionError(`Unknown parameter '${name}' in ${where}`);
    }
  }
  return value as Fields;
}
