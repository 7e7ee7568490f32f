/** The models that the simulator serves, and what each of them can do. */

/** Pixel sizes by aspect ratio; the first entry is the default. */
export type PixelSizes = Record<string, [width: number, height: number]>;

export interface ImageModel {
  /** Sizes at 1K. Larger ones are multiples of them. */
  sizes: PixelSizes;
  /** The sizes that can be asked for, with the output tokens of each. */
  imageSizes: Record<string, number>;
  /** Output tokens of an image without a size; without this, those of 1K. */
  tokens?: number;
}

/** https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios */
const FLASH_SIZES: PixelSizes = {
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

export const IMAGE_MODELS: Record<string, ImageModel> = {
  "gemini-2.5-flash-image": { sizes: FLASH_SIZES, imageSizes: {}, tokens: 1290 },
  "gemini-3.1-flash-image": {
    sizes: {
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
    },
    imageSizes: { "512": 747, "1K": 1120, "2K": 1680, "4K": 2520 },
  },
};

export const VEO_MODELS = [
  "veo-3.1-fast-generate-preview",
  "veo-3.1-generate-preview",
  "veo-3.0-fast-generate-001",
  "veo-3.0-generate-001",
];

/** Only these accept reference images. */
export const VEO_MODELS_WITH_REFERENCES = [
  "veo-3.1-fast-generate-preview",
  "veo-3.1-generate-preview",
];

export const OMNI_MODELS = ["gemini-omni-1.1-flash", "gemini-omni-flash-preview"];
