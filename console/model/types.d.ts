/// <reference lib="dom" />

/** What the database answers to the console, and what the page makes of it. */

import type { Link } from "./links.js";

export type Kind = "image" | "video";

/** Why a queued job is not taken. */
export interface Held {
  by: "model" | "limit";
  model: string;
  until?: string | null;
  /** Of a model in trouble. */
  state?: string;
  code?: string | null;
  reason?: string | null;
  /** Of a limit: which, and how many. */
  limit?: "requests_per_minute" | "jobs_in_flight";
  most?: number;
}

/** One of `generation_live_jobs`. */
export interface LiveJob {
  id: string;
  kind: Kind;
  status: "queued" | "running" | "waiting";
  storyboard_id: string | null;
  scene_id: string | null;
  character_id: string | null;
  prompt: string | null;
  attempts: number;
  model: string | null;
  source: string | null;
  position: number | null;
  held: Held | null;
  visible_at: string | null;
  error_code: string | null;
  error_message: string | null;
  enqueued_at: string;
  started_at: string | null;
  submitted_at: string | null;
}

/** An asset, or a failure instead of one. */
export interface Version {
  job_id?: string;
  url: string;
  content_type?: string | null;
  prompt?: string | null;
  source?: string | null;
  /** What linking did to its scene and character. */
  entities?: Link[] | null;
  finished_at?: string;
  error_code?: string | null;
  error_message?: string | null;
  kind?: Kind;
}

/** One of `generation_versions`. */
export interface Made extends Version {
  job_id: string;
  kind: Kind;
  status: "succeeded" | "failed" | "cancelled";
  model: string | null;
  cost_usd: number | null;
}

/** One of `generation_storyboard`. */
export interface Entity {
  slot: "scene" | "character" | "job";
  id: string;
  title: string | null;
  image: Version | null;
  video: Version | null;
  images: number;
  videos: number;
  failures: Version[];
}

export interface Card extends Entity {
  key: string;
  jobs: LiveJob[];
}

/** A row of `generation_latency`. */
export interface Latency {
  kind: Kind;
  took_p50_seconds: number;
  took_p95_seconds: number;
}

/** What is wrong with one field of a message. */
export interface Issue {
  field: string;
  expected: string;
}

/** What an action led to. */
export interface Result {
  /** Empty where nothing is to be said. */
  said: string;
  /** Whether it is why the action was not done. */
  failed?: boolean;
  /** The address that shows it. */
  goTo?: string;
  /** The job that was taken back and can be sent again. */
  again?: string;
}
