/**
 * GenerateContentRequest, as far as images need it. Other fields of the API are unknown here.
 * Source: https://ai.google.dev/api/generate-content (v1beta).
 */
import {
  BYTES,
  INTEGER,
  list,
  message,
  type MessageType,
  NUMBER,
  oneOf,
  STRING,
} from "../proto_json.ts";

export const GENERATE_CONTENT_REQUEST: MessageType = {
  contents: list(message({
    role: STRING,
    parts: list(message({
      text: STRING,
      inlineData: message({ mimeType: STRING, data: BYTES }),
    })),
  })),
  generationConfig: message({
    responseModalities: list(
      oneOf("GenerationConfig.Modality", ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"]),
    ),
    candidateCount: INTEGER,
    seed: INTEGER,
    temperature: NUMBER,
    topP: NUMBER,
    topK: NUMBER,
    imageConfig: message({ aspectRatio: STRING, imageSize: STRING }),
  }),
};

/** The same request once it has been read. */
export interface GenerateContentRequest {
  contents?: {
    role?: string;
    parts?: { text?: string; inlineData?: { mimeType?: string; data?: string } }[];
  }[];
  generationConfig?: {
    responseModalities?: string[];
    candidateCount?: number;
    seed?: number;
    temperature?: number;
    topP?: number;
    topK?: number;
    imageConfig?: { aspectRatio?: string; imageSize?: string };
  };
}
