/** The light and the land of a picture: chosen by words of the prompt, else by its hash. */

/** A colour as red, green and blue, 0 to 255. */
export type Colour = [number, number, number];

export type Foreground = "bare" | "pines" | "water" | "towers" | "cacti";

export interface Palette {
  /** The sky from top to horizon. */
  sky: [string, string, string];
  /** Sun or moon. */
  light: string;
  /** The nearest land; what is farther away fades towards the horizon. */
  land: string;
  accent: string;
  stars?: boolean;
  foreground: Foreground;
  words: RegExp;
}

const PALETTES: Palette[] = [
  {
    sky: ["#060a24", "#1b2560", "#4a4a8f"],
    light: "#f4f1de",
    land: "#070b1e",
    accent: "#9db4ff",
    stars: true,
    foreground: "pines",
    words: /\b(night|moon|star|stars|midnight|space|galaxy|cosmic)/i,
  },
  {
    sky: ["#2b1055", "#c2436b", "#ffb35c"],
    light: "#fff0c9",
    land: "#22103a",
    accent: "#ffb35c",
    foreground: "bare",
    words: /\b(sunset|dusk|evening|twilight|hero|cliff)/i,
  },
  {
    sky: ["#3a4f8f", "#c58aa6", "#ffd9a0"],
    light: "#fff7e0",
    land: "#2c2f4f",
    accent: "#ffd9a0",
    foreground: "pines",
    words: /\b(dawn|sunrise|morning)/i,
  },
  {
    sky: ["#14090b", "#7a1f16", "#ff8a3c"],
    light: "#ffd08a",
    land: "#1a0c0e",
    accent: "#ff8a3c",
    foreground: "bare",
    words: /\b(fire|dragon|volcano|lava|battle|war|warrior|demon|flame)/i,
  },
  {
    sky: ["#123c3a", "#4f947b", "#dfeab5"],
    light: "#fbffe0",
    land: "#0c2622",
    accent: "#bfe58a",
    foreground: "pines",
    words: /\b(forest|wood|woods|jungle|tree|garden|elf|fairy)/i,
  },
  {
    sky: ["#4b2a63", "#dd8146", "#f8dd9a"],
    light: "#fff4cf",
    land: "#4a2416",
    accent: "#f8c25c",
    foreground: "cacti",
    words: /\b(desert|sand|dune|lion|savanna|canyon|camel|western)/i,
  },
  {
    sky: ["#0a3a5c", "#3a8fb7", "#cdeeea"],
    light: "#ffffff",
    land: "#06283f",
    accent: "#7fe0e0",
    foreground: "water",
    words: /\b(sea|ocean|ship|beach|water|lake|river|island|whale|harbou?r)/i,
  },
  {
    sky: ["#38527d", "#a3bddb", "#f5f8fc"],
    light: "#ffffff",
    land: "#24385a",
    accent: "#dcecff",
    foreground: "pines",
    words: /\b(snow|ice|winter|frozen|arctic|mountain|mountains)/i,
  },
  {
    sky: ["#0b1026", "#3b2a6b", "#e0568f"],
    light: "#ffd6ec",
    land: "#0a0c1c",
    accent: "#ff6fb1",
    foreground: "towers",
    words: /\b(city|street|neon|robot|cyber|castle|tower|town|village)/i,
  },
  {
    sky: ["#3f83d6", "#8cc4ee", "#eef6ef"],
    light: "#fff9d6",
    land: "#1f4a3c",
    accent: "#ffe08a",
    foreground: "bare",
    words: /\b(day|sunny|field|meadow|sky|hill|hills|farm|child|dog|cat)/i,
  },
];

export function choosePalette(prompt: string, seed: number): Palette {
  const spoken = PALETTES.find((palette) => palette.words.test(prompt));
  return spoken ?? PALETTES[seed % PALETTES.length];
}

export function mix(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)];
  return toHex(a.map((value, index) => value + (b[index] - value) * share) as Colour);
}

export function rgb(hex: string): Colour {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16)) as Colour;
}

function toHex(colour: Colour): string {
  return "#" + colour.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");
}
