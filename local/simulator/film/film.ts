/** A short film: the camera pans over a picture while a bar shows how much is left. */
import { caption, picture, svg } from "../drawing/panel.ts";
import { landscape } from "../drawing/landscape.ts";
import { choosePalette, rgb } from "../drawing/palette.ts";
import { hash, randomFrom } from "../drawing/random.ts";
import { type Pixels, toPixels } from "../drawing/raster.ts";
import type { SourceImage } from "../images/source_image.ts";
import { encodeMp4 } from "./encoder.ts";

export interface Film {
  prompt: string;
  /** What made it: shown small in a corner, with the length. */
  label: string;
  aspectRatio: "16:9" | "9:16";
  seconds: number;
  seed: number;
  /** The picture to set in motion. */
  source?: SourceImage;
}

/** Fewer pixels and frames than the real thing, which nobody waits for in a test. */
const SIZE = { "16:9": [640, 360], "9:16": [360, 640] } as const;
const FRAMES_PER_SECOND = 10;
/** How much wider than the frame the picture is that the camera pans over. */
const PAN = 1.3;

const films = new Map<string, Promise<Uint8Array>>();

/** Makes the film as MP4, once for all that ask for the same. */
export function makeFilm(film: Film): Promise<Uint8Array> {
  const { prompt, label, aspectRatio, seconds, seed, source } = film;
  const picture = source === undefined
    ? 0
    : hash(String.fromCharCode(...source.bytes.slice(-4096)));
  const key = JSON.stringify([prompt, label, aspectRatio, seconds, seed, picture]);
  let made = films.get(key);
  if (made === undefined) {
    made = shoot(film);
    films.set(key, made);
  }
  return made;
}

async function shoot(film: Film): Promise<Uint8Array> {
  const [width, height] = SIZE[film.aspectRatio];
  const number = hash(`${film.seed}:${film.prompt}`);
  const palette = choosePalette(film.prompt, number);
  const wide = Math.round(width * PAN);
  const scene = await toPixels(svg(
    wide,
    height,
    film.source === undefined
      ? landscape(wide, height, palette, randomFrom(number))
      : picture(film.source, 0, 0, wide, height, "xMidYMid slice"),
  ));
  const title = await toPixels(svg(
    width,
    height,
    caption({
      text: film.prompt,
      width,
      height,
      palette,
      note: `${film.label} · ${film.seconds} s`,
    }),
  ));
  const accent = rgb(palette.accent);
  const frames = Math.round(film.seconds * FRAMES_PER_SECOND);
  return encodeMp4({
    width,
    height,
    framesPerSecond: FRAMES_PER_SECOND,
    frames,
    paint: (frame, pixels) => {
      const progress = frame / (frames - 1);
      copyWindow(scene, pixels, width, Math.round((wide - width) * progress));
      blend(title, pixels);
      bar(pixels, width, height, progress, accent);
    },
  });
}

function copyWindow(from: Pixels, to: Uint8Array, width: number, left: number): void {
  const { width: pitch, height, rgba } = from;
  for (let y = 0; y < height; y++) {
    const start = (y * pitch + left) * 4;
    to.set(rgba.subarray(start, start + width * 4), y * width * 4);
  }
}

/** Lays premultiplied pixels over opaque ones. */
function blend({ rgba }: Pixels, to: Uint8Array): void {
  for (let index = 0; index < rgba.length; index += 4) {
    const alpha = rgba[index + 3];
    if (alpha === 0) continue;
    const rest = 255 - alpha;
    for (let channel = index; channel < index + 3; channel++) {
      to[channel] = rgba[channel] + to[channel] * rest / 255;
    }
  }
}

function bar(
  pixels: Uint8Array,
  width: number,
  height: number,
  progress: number,
  colour: readonly number[],
): void {
  const thick = 6;
  const end = Math.round(width * progress);
  for (let y = height - thick; y < height; y++) {
    for (let x = 0; x < end; x++) pixels.set(colour, (y * width + x) * 4);
  }
}
