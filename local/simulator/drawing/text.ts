/** Text set in lines that fit. */

export interface SetText {
  lines: string[];
  fontSize: number;
}

/** More characters than fit any picture; prompts may be far longer. */
const LONGEST = 1000;

/**
 * Breaks a text into lines of at most `width` pixels, in the largest of the sizes at which it
 * needs no more than `maxLines`. A text that is too long even for the smallest ends in an ellipsis.
 */
export function setText(text: string, width: number, sizes: number[], maxLines: number): SetText {
  const words = readable(text.slice(0, LONGEST)).split(/\s+/).filter((word) => word !== "");
  for (const fontSize of sizes) {
    const lines = breakLines(words, width / fontSize);
    if (lines.length <= maxLines) return { lines, fontSize };
  }
  const fontSize = sizes[sizes.length - 1];
  const lines = breakLines(words, width / fontSize).slice(0, maxLines);
  const last = [...lines[maxLines - 1]];
  while (widthInEms(last.join("") + "…") > width / fontSize) last.pop();
  lines[maxLines - 1] = last.join("").trimEnd() + "…";
  return { lines, fontSize };
}

/**
 * Text that XML can hold and the typeface can show: no control characters, halves of pairs or
 * emoji. Scripts that Inter lacks (Chinese, Arabic) come out as boxes.
 */
export function readable(text: string): string {
  return text.toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u{fe0f}]|(?!©|®)\p{Extended_Pictographic}/gu, " ")
    .replaceAll("\ufffd", "?");
}

export function escapeXml(text: string): string {
  return readable(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function breakLines(words: string[], ems: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.flatMap((word) => splitLong(word, ems))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthInEms(longer) <= ems || line === "") {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return line === "" ? lines : [...lines, line];
}

/** Scripts without spaces (and very long words) break anywhere. */
function splitLong(word: string, ems: number): string[] {
  if (widthInEms(word) <= ems) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const character of word) {
    if (widthInEms(piece + character) > ems) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  return [...pieces, piece];
}

/** The approximate width of a text in Inter Bold, in units of its font size, rather too wide. */
function widthInEms(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (/[ilIjtf.,:;'|!()[\]]/.test(character)) return 0.38;
  if (character === " ") return 0.26;
  if (/[mwMW@%]/.test(character)) return 0.95;
  if (/[a-z]/.test(character)) return 0.61;
  if (/[\p{Lu}\d]/u.test(character)) return 0.74;
  return character.codePointAt(0)! >= 0x2e80 ? 1.05 : 0.68;
}
