import { setTimeout } from "node:timers/promises";
import type { Film, Painter } from "./painter.ts";
import type { Outcome } from "./presets.ts";
import type { RecordedRequest } from "./recording.ts";
import type { Script, ScriptRule } from "./script.ts";
import type { ImageRequest } from "./images/plan.ts";
import type { VideoRequest } from "./videos/interaction_request.ts";

/** The state of a running simulator. */
export interface State {
  readonly apiKey: string;
  /** The access tokens that were issued for Vertex AI. */
  readonly tokens: Set<string>;
  readonly imageDelayMs: number;
  readonly videoDelayMs: number;
  /** Changes the pictures; the same seed and prompt give the same picture. */
  readonly seed: number;
  readonly painter: Painter;
  readonly script: Script;
  readonly requests: RecordedRequest[];
  readonly operations: Map<string, Operation>;
  readonly interactions: Map<string, Interaction>;
  /** What the videos show, by file id. */
  readonly files: Map<string, Film>;
  /** Called after each change to operations and interactions. */
  readonly remember: () => void;
  /** Aborted when the simulator closes, so that no timer outlives it. */
  readonly closing: AbortSignal;
}

/** A long-running operation of Veo. */
export interface Operation {
  name: string;
  /** Milliseconds since the epoch. */
  readyAt: number;
  outcome: Outcome;
  /** The id of the video. */
  fileId: string;
  /** Whether the video is written to a bucket, which only Vertex AI does. */
  inBucket: boolean;
}

/** A long-running interaction of Omni, or of an image model in the background. */
export interface Interaction {
  id: string;
  request: VideoRequest | ImageRequest;
  /** Milliseconds since the epoch. */
  readyAt: number;
  outcome: Outcome;
  cancelled: boolean;
  /** The id of the video. */
  fileId?: string;
}

/** What a handler gets. */
export interface RequestContext {
  readonly state: State;
  readonly request: Request;
  readonly url: URL;
  /** The body as text; requests are JSON. */
  readonly body: string;
  readonly record: RecordedRequest;
  /** The scripted rule for this request, if there is one. */
  readonly rule: ScriptRule | undefined;
}

/** Ids as the API makes them: lower-case letters and digits. */
export function newId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 12);
}

/** Waits, but no longer than the simulator lives. */
export async function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
