/**
 * SVG to pixels, with resvg compiled to WASM and the typeface Inter: both come from npm and are
 * read from Deno's package cache, so nothing is fetched and no system font is needed.
 */
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { encode } from "jpeg-js";
// Only imported so that the package's files, the fonts, belong to the program.
import "@expo-google-fonts/inter/package.json" with { type: "json" };

let fonts: Promise<Uint8Array[]> | undefined;

function load(): Promise<Uint8Array[]> {
  fonts ??= (async () => {
    const library = import.meta.resolve("@resvg/resvg-wasm");
    const inter = import.meta.resolve("@expo-google-fonts/inter/package.json");
    await initWasm(await Deno.readFile(new URL("index_bg.wasm", library)));
    return [await Deno.readFile(new URL("700Bold/Inter_700Bold.ttf", inter))];
  })();
  return fonts;
}

export interface Pixels {
  width: number;
  height: number;
  /** Red, green, blue, alpha (premultiplied), row by row. */
  rgba: Uint8Array;
}

export async function toPng(svg: string): Promise<Uint8Array> {
  return render(svg, await load(), (image) => image.asPng());
}

/** Pictures have no transparent parts, which JPEG could not show. */
export async function toJpeg(svg: string): Promise<Uint8Array> {
  const { width, height, rgba } = await toPixels(svg);
  return encode({ width, height, data: rgba }, 85).data;
}

export async function toPixels(svg: string): Promise<Pixels> {
  return render(svg, await load(), (image) => ({
    width: image.width,
    height: image.height,
    rgba: image.pixels,
  }));
}

type Image = ReturnType<InstanceType<typeof Resvg>["render"]>;

/** The memory belongs to WASM and has to be freed by hand. */
function render<T>(svg: string, fontBuffers: Uint8Array[], read: (image: Image) => T): T {
  const drawing = new Resvg(svg, { font: { fontBuffers, defaultFontFamily: "Inter" } });
  try {
    const image = drawing.render();
    try {
      return read(image);
    } finally {
      image.free();
    }
  } finally {
    drawing.free();
  }
}
