import { imageSize } from "image-size";
import { decodeBase64 } from "../base64.ts";
import { invalidArgument } from "../google_errors.ts";

/** An image in a request. */
export interface SourceImage {
  bytes: Uint8Array;
  mimeType: string;
  width: number;
  height: number;
}

/** https://ai.google.dev/gemini-api/docs/image-understanding#supported-formats */
const ACCEPTED = ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];

/** Decodes an image of a request; throws the API's 400 if its data or its type is unusable. */
export function readSourceImage(base64: string, mimeType: string): SourceImage {
  if (!ACCEPTED.includes(mimeType)) {
    throw invalidArgument(`Unsupported MIME type: ${mimeType}`);
  }
  const bytes = decodeBase64(base64);
  try {
    const { width, height } = imageSize(bytes);
    return { bytes, mimeType, width, height };
  } catch {
    throw invalidArgument("Unable to process input image. Please retry with a valid image.");
  }
}
