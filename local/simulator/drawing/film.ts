/** A short film: the camera pans over a picture. */
import { toSvg } from "./picture.ts";
import { hash } from "./random.ts";
import { toPixels } from "./raster.ts";
import type { SourceImage } from "../images/source_image.ts";
import { encodeMp4 } from "./encoder.ts";

export interface Film {
  prompt: string;
  /** What made it; shown small above the prompt, with the length. */
  label: string;
  aspectRatio: "16:9" | "9:16";
  seconds: number;
  seed: number;
  /** The picture to set in motion. */
  source?: SourceImage;
}

/** Fewer pixels and frames than real videos have, so that tests are fast. */
const SIZE = { "16:9": [640, 360], "9:16": [360, 640] } as const;
const FRAMES_PER_SECOND = 10;
/** How much wider than the frame the picture is. */
const PAN = 1.2;

const films = new Map<string, Promise<Uint8Array>>();

/** Makes the film as MP4; equal requests share one film. */
export function makeFilm(film: Film): Promise<Uint8Array> {
  const { source, ...told } = film;
  const end = source && hash(String.fromCharCode(...source.bytes.slice(-4096)));
  const key = JSON.stringify([told, end]);
  const made = films.get(key) ?? shoot(film);
  films.set(key, made);
  return made;
}

async function shoot({ prompt, label, aspectRatio, seconds, seed, source }: Film) {
  const [width, height] = SIZE[aspectRatio];
  const wide = Math.round(width * PAN);
  const picture = { prompt, width: wide, height, seed, sources: source ? [source] : [] };
  // A text that keeps the length of the pan free on both sides is always in the frame.
  const { rgba } = await toPixels(toSvg(picture, `${label} · ${seconds} s`, wide - width));
  const frames = Math.round(seconds * FRAMES_PER_SECOND);
  return encodeMp4({
    width,
    height,
    framesPerSecond: FRAMES_PER_SECOND,
    frames,
    paint: (frame, pixels) => {
      const left = Math.round((wide - width) * frame / (frames - 1));
      for (let y = 0; y < height; y++) {
        const start = (y * wide + left) * 4;
        pixels.set(rgba.subarray(start, start + width * 4), y * width * 4);
      }
    },
  });
}
