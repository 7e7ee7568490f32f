import { digest, png } from "./assets.ts";
import { Dice } from "./dice.ts";

export type Kind = "image" | "video";

/** A job to send, and how it has to end. */
export interface PlannedJob {
  label: string;
  kind: Kind;
  /** The message, as JSON text. */
  message: string;
  /** How it has to end, faults aside. */
  fate: "asset" | "invalid" | "blocked" | "unusable";
  storyboard: string;
  scene?: string;
  character?: string;
  /** The hash of the only source image that it may be made from. */
  source?: string;
  /** An object that has to exist before it is sent. */
  upload?: { path: string; bytes: Uint8Array };
}

/** The bucket of a kind, and the extension and type of its current objects. */
export const STORE: Record<Kind, { bucket: string; extension: string; type: string }> = {
  image: { bucket: "storyboard-images", extension: "png", type: "image/png" },
  video: { bucket: "storyboard-videos", extension: "mp4", type: "video/mp4" },
};

/** How many jobs in a row are for the same scene and character. */
const EPISODE = 6;

/** Pictures that jobs are made from, at fixed places. */
export const ORIGINALS = [0, 1, 2, 3].map((number) => ({
  path: `originals/source-${number}.png`,
  bytes: png(`original ${number}`),
}));

const MB = 1024 * 1024;

/** As large as the source of a job may be, and larger; compressed, both have some kilobytes. */
export const LARGE = { path: "originals/large.png", bytes: png("large", 19 * MB) };
export const TOO_LARGE = { path: "originals/too-large.png", bytes: png("too large", 24 * MB) };

/** Changes that make a message invalid. */
const INVALID: Record<string, unknown>[] = [
  { prompt: undefined },
  { storyboardId: undefined },
  { storyboardId: "../board" },
  { prompt: 7 },
  { sceneId: "a/b" },
  { sourceImageUrl: "file:///etc/passwd" },
];

/**
 * Members that PostgreSQL takes and no worker can read: each fails its message alone. None is larger
 * than 320 KiB in the database: of larger ones the ledger keeps no owner, by which the job is known.
 */
const HOSTILE: [name: string, json: (dice: Dice) => string][] = [
  ["deep", (dice) => "[".repeat(12_300) + dice.chance(0.5) + "]".repeat(12_300)],
  ["numbers", (dice) => `[${"1e131071,".repeat(dice.between(2, 8))}0]`],
  ["values", (dice) => `[${"0,".repeat(dice.between(2_000, 25_000))}0]`],
  ["long", (dice) => JSON.stringify("long".repeat(dice.between(70_000, 80_000)))],
];

/** The job of a number, the same for the same seed. `publicUrl` is that of the image bucket. */
export function planJob(seed: string, number: number, publicUrl: string): PlannedJob {
  const dice = new Dice(`${seed}/job/${number}`);
  const label = `chaos-${number}`;
  const kind: Kind = dice.chance(0.7) ? "image" : "video";
  const job: PlannedJob = { label, kind, message: "", fate: "asset", storyboard: "" };
  const episode = Math.floor(number / EPISODE);
  job.storyboard = `board-${episode % 3}`;
  const target = dice.weighted({ scene: 50, character: 25, both: 10, none: 15 });
  if (target === "scene" || target === "both") {
    job.scene = dice.chance(0.1) ? "gone" : `scene-${episode}`;
  }
  if (target === "character" || target === "both") job.character = `hero-${episode}`;
  const message: Record<string, unknown> = {
    // It is kept of every message, also of one that cannot be read.
    owner: label,
    prompt: `${label}: a lion walks over a cliff`,
    storyboardId: job.storyboard,
    sceneId: job.scene,
    characterId: job.character,
  };

  const ofImages = kind === "image" ? { own: 12, large: 2, tooLarge: 2 } : {};
  const source = dice.weighted({ none: 60, original: 28, ...ofImages });
  if (source === "original" || source === "large" || source === "tooLarge") {
    const originals = { original: ORIGINALS, large: [LARGE], tooLarge: [TOO_LARGE] };
    const { path, bytes } = dice.pick(originals[source]);
    message.sourceImageUrl = `${publicUrl}/${path}`;
    job.source = digest(bytes);
  } else if (source === "own") {
    // An edit of the scene's own picture: a second attempt must not start from its own result.
    job.scene = message.sceneId = `own-${number}`;
    job.character = message.characterId = undefined;
    const bytes = png(`what ${job.scene} shows`);
    job.upload = { path: `${job.storyboard}/${job.scene}.png`, bytes };
    message.sourceImageUrl = `${publicUrl}/${job.upload.path}`;
    job.source = digest(bytes);
  }
  if (kind === "image" && source !== "none") message.editMode = true;
  if (kind === "video" && dice.chance(0.5)) message.durationSeconds = dice.pick(["4", "6", 8]);

  const fates = { asset: 85, invalid: 5, hostile: 5, blocked: 5 };
  const fate = source === "own"
    ? "asset"
    : source === "tooLarge"
    ? "unusable"
    : dice.weighted(fates);
  job.fate = fate === "hostile" ? "invalid" : fate;
  if (fate === "invalid") {
    Object.assign(
      message,
      kind === "video" && dice.chance(0.5) ? { durationSeconds: "2" } : dice.pick(INVALID),
    );
  }
  if (job.fate === "blocked") message.prompt = `${label}: forbidden`;
  job.message = JSON.stringify(message);
  if (fate === "hostile") {
    const [name, json] = dice.pick(HOSTILE);
    job.message = `${job.message.slice(0, -1)},${JSON.stringify(name)}:${json(dice)}}`;
  }
  return job;
}

/** The path of a job object without its extension. */
export function placeOf(job: PlannedJob, id: string): string {
  if (job.scene !== undefined) return `${job.storyboard}/scenes/${job.scene}/${id}`;
  if (job.character !== undefined) return `${job.storyboard}/characters/${job.character}/${id}`;
  return `${job.storyboard}/jobs/${id}`;
}

/** An entity of a job, and where its current object is. */
export interface Slot {
  key: string;
  current: string;
}

export function slotsOf({ kind, storyboard, scene, character }: PlannedJob): Slot[] {
  const { extension } = STORE[kind];
  const slots: Slot[] = [];
  if (scene !== undefined) {
    slots.push({
      key: `scene:${storyboard}:${scene}`,
      current: `${storyboard}/${scene}.${extension}`,
    });
  }
  if (character !== undefined) {
    slots.push({
      key: `character:${storyboard}:${character}`,
      current: `${storyboard}/characters/${character}.${extension}`,
    });
  }
  return slots;
}

/** The entities that have to exist before a job is sent; `gone` never does. */
export function entitiesOf(job: PlannedJob): string[] {
  return slotsOf(job).map(({ key }) => key).filter((key) => !key.endsWith(":gone"));
}
