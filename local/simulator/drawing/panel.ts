/** A storyboard panel: a landscape, what it is of, and what made it. */
import { encodeBase64 } from "../base64.ts";
import type { SourceImage } from "../images/source_image.ts";
import { escapeXml, setText } from "./caption.ts";
import { landscape } from "./landscape.ts";
import { choosePalette, type Palette } from "./palette.ts";
import { hash, randomFrom } from "./random.ts";
import { toPng } from "./raster.ts";

export interface Panel {
  prompt: string;
  /** What made it: shown small in a corner, with the size. */
  label: string;
  width: number;
  height: number;
  seed: number;
  /** Pictures that the prompt came with: shown framed, like prints on the new picture. */
  sources: SourceImage[];
}

/** Draws a panel as PNG. */
export function drawPanel(panel: Panel): Promise<Uint8Array> {
  const { prompt, width, height, seed, sources } = panel;
  const number = hash(`${seed}:${prompt}`);
  const palette = choosePalette(prompt, number);
  return toPng(svg(
    width,
    height,
    landscape(width, height, palette, randomFrom(number)) + prints(panel) +
      caption({
        text: prompt,
        width,
        height,
        palette,
        note: `${panel.label} · ${width}×${height}`,
        tag: sources.length > 0 ? "EDIT" : undefined,
      }),
  ));
}

export function svg(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}">${content}</svg>`;
}

export interface Caption {
  text: string;
  width: number;
  height: number;
  palette: Palette;
  /** Small, in the upper left corner. */
  note: string;
  /** A word before the text. */
  tag?: string;
}

/** The text over the lower edge, on a shade that keeps it readable on any picture. */
export function caption({ text, width, height, palette, note, tag }: Caption): string {
  const unit = Math.sqrt(width * height);
  const margin = unit * 0.05;
  const bar = unit * 0.009;
  const left = margin + bar * 3;
  const sizes = [0.058, 0.05, 0.042, 0.036, 0.031, 0.027].map((share) => Math.round(unit * share));
  const { lines, fontSize } = setText(text, width - left - margin, sizes, width < height ? 7 : 4);
  const lineHeight = fontSize * 1.25;
  const bottom = height - margin;
  const top = bottom - lineHeight * Math.max(lines.length, 1);
  const shadeTop = Math.max(0, top - unit * 0.14);
  const small = unit * 0.021;

  const rows = lines.map((line, index) => {
    const y = top + lineHeight * index + fontSize * 0.98;
    return `<text x="${left}" y="${y}" font-family="Inter" font-weight="700" ` +
      `font-size="${fontSize}" fill="#ffffff">${escapeXml(line)}</text>`;
  }).join("");
  const chip = (
    x: number,
    y: number,
    word: string,
    ink: string,
    paper: string,
    opacity: number,
  ) => {
    const wide = word.length * small * 0.6 + small * 1.6;
    return `<rect x="${x}" y="${y}" width="${wide}" height="${small * 2}" rx="${small}" ` +
      `fill="${paper}" opacity="${opacity}"/><text x="${x + wide / 2}" y="${y + small * 1.36}" ` +
      `text-anchor="middle" font-family="Inter" font-weight="500" font-size="${small}" ` +
      `fill="${ink}">${escapeXml(word)}</text>`;
  };
  return `<defs><linearGradient id="shade" x1="0" y1="0" x2="0" y2="1">` +
    `<stop offset="0" stop-color="#05060d" stop-opacity="0"/>` +
    `<stop offset="0.45" stop-color="#05060d" stop-opacity="0.62"/>` +
    `<stop offset="1" stop-color="#05060d" stop-opacity="0.88"/></linearGradient></defs>` +
    `<rect y="${shadeTop}" width="${width}" height="${height - shadeTop}" fill="url(#shade)"/>` +
    `<rect x="${margin}" y="${top}" width="${bar}" height="${bottom - top}" rx="${bar / 2}" ` +
    `fill="${palette.accent}"/>` + rows +
    chip(margin, margin * 0.8, note, "#ffffff", "#05060d", 0.5) +
    (tag === undefined ? "" : chip(left, top - small * 2.7, tag, "#05060d", palette.accent, 1));
}

/** The source pictures, framed and a little askew, above the caption. */
function prints({ width, height, sources }: Panel): string {
  const unit = Math.min(width, height);
  const shown = sources.slice(0, 3);
  return shown.map((source, index) => {
    const [roomX, roomY] = [width * 0.84 / shown.length, height * 0.56];
    const scale = Math.min(roomX / source.width, roomY / source.height);
    const [wide, tall] = [source.width * scale, source.height * scale];
    const [x, y] = [
      width * 0.08 + roomX * index + (roomX - wide) / 2,
      height * 0.12 + (roomY - tall) / 2,
    ];
    const edge = unit * 0.016;
    const frame = (dx: number, dy: number, paint: string) =>
      `<rect x="${x - edge + dx}" y="${y - edge + dy}" width="${wide + edge * 2}" ` +
      `height="${tall + edge * 2}" ${paint}/>`;
    const angle = index % 2 === 0 ? -2 : 1.5;
    return `<g transform="rotate(${angle} ${x + wide / 2} ${y + tall / 2})">` +
      frame(edge * 0.6, edge * 0.9, `fill="#000000" opacity="0.35"`) +
      frame(0, 0, `fill="#fbfaf5"`) +
      picture(source, x, y, wide, tall, "xMidYMid meet") + `</g>`;
  }).join("");
}

/** The picture itself; a type that cannot be decoded here (WebP, HEIC) is shown by its name. */
export function picture(
  { bytes, mimeType }: SourceImage,
  x: number,
  y: number,
  width: number,
  height: number,
  fit: string,
): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#c9ccd6"/>` +
    `<text x="${x + width / 2}" y="${y + height / 2}" text-anchor="middle" font-family="Inter" ` +
    `font-weight="500" font-size="${width * 0.05}" fill="#5b6070">${escapeXml(mimeType)}</text>` +
    `<image x="${x}" y="${y}" width="${width}" height="${height}" preserveAspectRatio="${fit}" ` +
    `href="data:${mimeType};base64,${encodeBase64(bytes)}"/>`;
}
