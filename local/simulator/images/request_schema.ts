/**
 * GenerateContentRequest, as far as the API reads it.
 * Source: https://ai.google.dev/api/generate-content (v1beta).
 */
import {
  ANY,
  BOOL,
  BYTES,
  INTEGER,
  list,
  message,
  type MessageType,
  NUMBER,
  oneOf,
  STRING,
} from "../proto_json.ts";

const CONTENT = message({
  role: STRING,
  parts: list(message({
    text: STRING,
    inlineData: message({ mimeType: STRING, data: BYTES }),
    fileData: message({ mimeType: STRING, fileUri: STRING }),
    functionCall: ANY,
    functionResponse: ANY,
    executableCode: ANY,
    codeExecutionResult: ANY,
    thought: BOOL,
    thoughtSignature: BYTES,
    partMetadata: ANY,
    mediaResolution: ANY,
    videoMetadata: ANY,
  })),
});

export const GENERATE_CONTENT_REQUEST: MessageType = {
  model: STRING,
  contents: list(CONTENT),
  systemInstruction: CONTENT,
  tools: list(ANY),
  toolConfig: ANY,
  safetySettings: list(message({ category: STRING, threshold: STRING })),
  cachedContent: STRING,
  generationConfig: message({
    stopSequences: list(STRING),
    responseMimeType: STRING,
    responseSchema: ANY,
    responseJsonSchema: ANY,
    responseModalities: list(
      oneOf("GenerationConfig.Modality", ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"]),
    ),
    candidateCount: INTEGER,
    maxOutputTokens: INTEGER,
    temperature: NUMBER,
    topP: NUMBER,
    topK: INTEGER,
    seed: INTEGER,
    presencePenalty: NUMBER,
    frequencyPenalty: NUMBER,
    responseLogprobs: BOOL,
    logprobs: INTEGER,
    enableEnhancedCivicAnswers: BOOL,
    speechConfig: ANY,
    thinkingConfig: ANY,
    mediaResolution: STRING,
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
    imageConfig?: { aspectRatio?: string; imageSize?: string };
  };
}
