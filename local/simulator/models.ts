/** The models that the simulator serves, and what each of them can do. */
// Made from src/policy/models.rs, whose tests compare the two.
import table from "./model_table.json" with { type: "json" };

/** Pixel sizes by aspect ratio. */
export type PixelSizes = Record<string, [width: number, height: number]>;

export interface ImageModel {
  /** Sizes at 1K. Larger ones are multiples of them. */
  sizes: PixelSizes;
  /** The sizes that can be asked for. */
  imageSizes: string[];
  /** Output tokens of an image by its size. */
  tokens: Record<string, number>;
  /** Tokens that it thinks before it draws. */
  thoughts: number;
  /** How many images it can change. */
  sources: number;
  /** Whether it takes `seed`, `temperature`, `topP` and `topK`. */
  samples: boolean;
  type: "png" | "jpeg";
  /** Whether it also makes images in the background, by interactions. */
  background: boolean;
}

/** What a video model can do; without this, what its protocol takes. */
export interface VideoModel {
  /** Its lengths in seconds. */
  durations: number[];
  /** Those between a first and a last frame. */
  betweenFrames: number[];
  resolutions: string[];
  /** How many reference images it takes. */
  references: number;
}

/** https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios */
const SIZES_OF_2_5: PixelSizes = {
  "1:1": [1024, 1024],
  "2:3": [832, 1248],
  "3:2": [1248, 832],
  "3:4": [864, 1184],
  "4:3": [1184, 864],
  "4:5": [896, 1152],
  "5:4": [1152, 896],
  "9:16": [768, 1344],
  "16:9": [1344, 768],
  "21:9": [1536, 672],
};

const SIZES: PixelSizes = {
  "1:1": [1024, 1024],
  "1:4": [512, 2048],
  "1:8": [384, 3072],
  "2:3": [848, 1264],
  "3:2": [1264, 848],
  "3:4": [896, 1200],
  "4:1": [2048, 512],
  "4:3": [1200, 896],
  "4:5": [928, 1152],
  "5:4": [1152, 928],
  "8:1": [3072, 384],
  "9:16": [768, 1376],
  "16:9": [1376, 768],
  "21:9": [1584, 672],
};

const TOKENS = { "512": 747, "1K": 1120, "2K": 1680, "4K": 2520 };

/** What the table does not say. */
const DRAWN: Record<string, Partial<ImageModel>> = {
  "gemini-2.5-flash-image": { sizes: SIZES_OF_2_5, tokens: { "1K": 1290 } },
  "gemini-nano-banana-2.1": { tokens: { ...TOKENS, "4K": 3767 }, thoughts: 512, type: "jpeg" },
  "gemini-3.1-flash-image": {},
  "gemini-3.1-flash-lite-image": {},
  "gemini-3-pro-image": { tokens: { "1K": 1120, "2K": 1120, "4K": 2000 }, thoughts: 256 },
};

export const IMAGE_MODELS: Record<string, ImageModel> = Object.fromEntries(
  table.images.map(({ family, aspectRatios, sizes, sized, seed, sources, background }) => {
    const { sizes: pixels = SIZES, ...drawn } = DRAWN[family];
    const model: ImageModel = {
      sizes: Object.fromEntries(aspectRatios.map((ratio) => [ratio, pixels[ratio]])),
      imageSizes: sized ? sizes : [],
      tokens: TOKENS,
      thoughts: 0,
      sources,
      background,
      samples: seed,
      type: "png",
      ...drawn,
    };
    return [family, model];
  }),
);

export const VEO_MODELS = [
  "veo-3.1-fast-generate-preview",
  "veo-3.1-generate-preview",
  "veo-3.1-lite-generate-preview",
  "veo-3.0-fast-generate-001",
  "veo-3.0-generate-001",
];

/** Those that Vertex AI serves. */
export const VERTEX_VEO_MODELS = [
  "veo-3.1-fast-generate-001",
  "veo-3.1-generate-001",
  "veo-3.1-lite-generate-001",
];

export const OMNI_MODELS = [
  "gemini-omni-1.1-flash",
  "gemini-omni-1.2-flash",
  "gemini-omni-flash-preview",
];

export function videoModel(name: string): VideoModel | undefined {
  return table.videos.find(({ family }) => name.startsWith(family));
}
