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
  const shown = readable(text.slice(0, LONGEST)).replace(/\s+/g, " ").trim();
  const most = (fontSize: number) => Math.floor(width / (fontSize * emsOf(shown)));
  for (const fontSize of sizes) {
    const lines = breakLines(shown, most(fontSize));
    if (lines.length <= maxLines) return { lines, fontSize };
  }
  const fontSize = sizes[sizes.length - 1];
  const lines = breakLines(shown, most(fontSize)).slice(0, maxLines);
  const last = [...lines[maxLines - 1]].slice(0, most(fontSize) - 1).join("");
  return { lines: [...lines.slice(0, -1), `${last.trimEnd()}…`], fontSize };
}

/** Lines of at most `most` characters. Scripts without spaces, and longer words, break anywhere. */
function breakLines(text: string, most: number): string[] {
  return text.match(new RegExp(`\\S{${most}}|\\S.{0,${most - 1}}(?=\\s|$)`, "gu")) ?? [];
}

/** The width of an average character in Inter Bold, in units of its font size, rather too wide. */
function emsOf(text: string): number {
  if (/[\u2e80-\uffff]/.test(text)) return 1.05;
  return text === text.toUpperCase() ? 0.76 : 0.6;
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
