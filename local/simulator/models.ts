/** The models that the simulator serves, and what each of them can do. */

/** Pixel sizes by aspect ratio; the first entry is the default. */
export type PixelSizes = Record<string, [width: number, height: number]>;

export interface ImageModel {
  /** Sizes at 1K. Larger ones are multiples of them. */
  sizes: PixelSizes;
  imageSizes: string[];
  /** Output tokens of one image. */
  tokens: number;
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
  "gemini-2.5-flash-image": { sizes: FLASH_SIZES, imageSizes: [], tokens: 1290 },
  "gemini-3.1-flash-image": {
    sizes: { ...FLASH_SIZES, "16:9": [1376, 768], "9:16": [768, 1376], "21:9": [1584, 672] },
    imageSizes: ["1K", "2K", "4K"],
    tokens: 1120,
  },
};

export const VEO_MODELS = [
  "veo-3.1-fast-generate-preview",
  "veo-3.1-generate-preview",
  "veo-3.0-fast-generate-001",
  "veo-3.0-generate-001",
];

export const OMNI_MODELS = ["gemini-omni-1.1-flash", "gemini-omni-flash-preview"];
