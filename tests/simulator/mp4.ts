/** As much of ISO/IEC 14496-12 as it takes to tell a film from a heap of bytes. */

interface Box {
  type: string;
  content: DataView;
}

export function boxes(data: DataView): Box[] {
  const found: Box[] = [];
  for (let offset = 0; offset < data.byteLength;) {
    const size = data.getUint32(offset);
    if (size < 8 || offset + size > data.byteLength) throw new Error(`bad box at ${offset}`);
    const type = String.fromCharCode(
      ...new Uint8Array(data.buffer, data.byteOffset + offset + 4, 4),
    );
    found.push({
      type,
      content: new DataView(data.buffer, data.byteOffset + offset + 8, size - 8),
    });
    offset += size;
  }
  return found;
}

/** The box at a path of types, the first of each. */
export function boxAt(data: DataView, ...path: string[]): DataView {
  return path.reduce((content, type) => {
    const box = boxes(content).find((box) => box.type === type);
    if (box === undefined) throw new Error(`no ${type} in ${path.join("/")}`);
    return box.content;
  }, data);
}

export interface Description {
  types: string[];
  seconds: number;
  width: number;
  height: number;
  samples: number;
}

export function describe(bytes: Uint8Array): Description {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const movie = boxAt(data, "moov", "mvhd"); // version 0: 32 bit times
  const track = boxAt(data, "moov", "trak", "tkhd");
  const sizes = boxAt(data, "moov", "trak", "mdia", "minf", "stbl", "stsz");
  return {
    types: boxes(data).map((box) => box.type),
    seconds: movie.getUint32(16) / movie.getUint32(12),
    width: track.getUint32(track.byteLength - 8) / 65536,
    height: track.getUint32(track.byteLength - 4) / 65536,
    samples: sizes.getUint32(8),
  };
}
