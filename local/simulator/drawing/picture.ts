/** A picture: a background in colours of the prompt, the source images, and the prompt itself. */
import { encodeBase64 } from "../base64.ts";
import type { SourceImage } from "../images/source_image.ts";
import { hash, randomFrom } from "./random.ts";
import { toJpeg, toPng } from "./raster.ts";
import { escapeXml, setText } from "./text.ts";

export interface Picture {
  type: "png" | "jpeg";
  prompt: string;
  /** What made it; shown small above the prompt. */
  label: string;
  width: number;
  height: number;
  seed: number;
  /** The source images of the request; shown framed, like prints. */
  sources: SourceImage[];
}

/** Draws a picture as PNG or JPEG. */
export function drawPicture(picture: Picture): Promise<Uint8Array> {
  const { type, label, width, height, sources } = picture;
  const note = [label, `${width}×${height}`, ...(sources.length > 0 ? ["edit"] : [])].join(" · ");
  const svg = toSvg(picture, note);
  return type === "png" ? toPng(svg) : toJpeg(svg);
}

/** The picture as SVG; its text keeps `inset` pixels free on both sides. */
export function toSvg(picture: Omit<Picture, "label" | "type">, note: string, inset = 0): string {
  const { prompt, width, height, seed, sources } = picture;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}">` + background(width, height, `${seed}:${prompt}`) +
    prints(width, height, sources) + caption(width, height, prompt, note, inset) + "</svg>";
}

/** A gradient with three discs of light; the text decides their colours and places. */
function background(width: number, height: number, text: string): string {
  const random = randomFrom(hash(text));
  const hue = Math.floor(random() * 360);
  const discs = [0.45, 0.3, 0.18].map((share, index) =>
    `<circle cx="${width * random()}" cy="${height * random() * 0.7}" ` +
    `r="${share * Math.max(width, height)}" fill="hsl(${hue + 25 * index}, 90%, 75%)" ` +
    `opacity="0.2"/>`
  );
  return `<defs><linearGradient id="background" x1="0" y1="0" x2="1" y2="1">` +
    `<stop offset="0" stop-color="hsl(${hue}, 60%, 30%)"/>` +
    `<stop offset="1" stop-color="hsl(${hue + 60}, 65%, 50%)"/></linearGradient></defs>` +
    `<rect width="${width}" height="${height}" fill="url(#background)"/>${discs.join("")}`;
}

/** The text above the lower edge, on a shade that keeps it readable on any background. */
function caption(width: number, height: number, text: string, note: string, inset: number) {
  const unit = Math.sqrt((width - 2 * inset) * height);
  const margin = unit * 0.05;
  const left = inset + margin;
  const sizes = [0.058, 0.05, 0.042, 0.036, 0.031, 0.027].map((share) => Math.round(unit * share));
  const { lines, fontSize } = setText(text, width - 2 * left, sizes, width < height ? 7 : 4);
  const top = height - margin - fontSize * 1.25 * lines.length;
  const shadeTop = Math.max(0, top - unit * 0.2);
  const row = (line: string, y: number, size: number, opacity: number) =>
    `<text x="${left}" y="${y}" font-family="Inter" font-weight="700" font-size="${size}" ` +
    `fill="#ffffff" opacity="${opacity}">${escapeXml(line)}</text>`;
  return `<defs><linearGradient id="shade" x1="0" y1="0" x2="0" y2="1">` +
    `<stop offset="0" stop-color="#05060d" stop-opacity="0"/>` +
    `<stop offset="0.6" stop-color="#05060d" stop-opacity="0.7"/>` +
    `<stop offset="1" stop-color="#05060d" stop-opacity="0.85"/></linearGradient></defs>` +
    `<rect y="${shadeTop}" width="${width}" height="${height - shadeTop}" fill="url(#shade)"/>` +
    row(note, top - fontSize * 0.3, unit * 0.022, 0.75) +
    lines.map((line, index) => row(line, top + fontSize * (1.25 * index + 0.98), fontSize, 1))
      .join("");
}

/** Up to three source images, framed and slightly rotated, above the caption. */
function prints(width: number, height: number, sources: SourceImage[]): string {
  const shown = sources.slice(0, 3);
  return shown.map(({ bytes, mimeType, ...size }, index) => {
    const [roomX, roomY] = [width * 0.84 / shown.length, height * 0.56];
    const scale = Math.min(roomX / size.width, roomY / size.height);
    const [wide, tall] = [size.width * scale, size.height * scale];
    const [middleX, middleY] = [width * 0.08 + roomX * (index + 0.5), height * 0.09 + roomY / 2];
    const box = (margin: number) =>
      `x="${middleX - wide / 2 - margin}" y="${middleY - tall / 2 - margin}" ` +
      `width="${wide + 2 * margin}" height="${tall + 2 * margin}"`;
    // Types that cannot be decoded here (WebP, HEIC) are shown by name.
    return `<g transform="rotate(${index % 2 === 0 ? -2 : 1.5} ${middleX} ${middleY})">` +
      `<rect ${box(Math.min(width, height) * 0.016)} fill="#fbfaf5"/>` +
      `<rect ${box(0)} fill="#c9ccd6"/><text x="${middleX}" y="${middleY}" text-anchor="middle" ` +
      `font-family="Inter" font-size="${wide * 0.05}" fill="#5b6070">${
        escapeXml(mimeType)
      }</text>` +
      `<image ${box(0)} href="data:${mimeType};base64,${encodeBase64(bytes)}"/></g>`;
  }).join("");
}
