/**
 * H.264 (baseline) in MP4, by minih264 and libmp4v2 compiled to WASM. There is no newer package
 * that encodes H.264 without a native library or WebCodecs, which Deno does not have.
 */

export interface Encoding {
  width: number;
  height: number;
  framesPerSecond: number;
  frames: number;
  /** Paints a frame into its pixels (red, green, blue, alpha). */
  paint(frame: number, pixels: Uint8Array): void;
}

export async function encodeMp4(encoding: Encoding): Promise<Uint8Array> {
  const { width, height, framesPerSecond, frames, paint } = encoding;
  // Loaded when the first film is made: it is a megabyte that most tests never need.
  const { default: library } = await import("h264-mp4-encoder");
  const encoder = await library.createH264MP4Encoder();
  try {
    encoder.width = width;
    encoder.height = height;
    encoder.frameRate = framesPerSecond;
    encoder.speed = 10;
    encoder.quantizationParameter = 28;
    encoder.groupOfPictures = framesPerSecond * 2;
    encoder.initialize();
    const pixels = new Uint8Array(width * height * 4);
    for (let frame = 0; frame < frames; frame++) {
      paint(frame, pixels);
      encoder.addFrameRgba(pixels);
      // Other requests are answered between frames.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    encoder.finalize();
    return encoder.FS.readFile(encoder.outputFilename);
  } finally {
    encoder.delete();
  }
}
