/** Bars as a small SVG that reads on a light and on a dark page. */

export interface Bars {
  /** The file's name, without its ending. */
  name: string;
  title: string;
  unit: string;
  /** Groups of bars, one for each value of `series`. */
  groups: { label: string; values: number[] }[];
  series: string[];
}

const WIDTH = 720;
const LABEL = 190;
const NUMBER = 70;
const [BAR, GAP, HEAD] = [14, 10, 44];
const COLORS = ["#2da44e", "#0969da", "#bf8700", "#8c959f"];

const STYLE = `text { font: 12px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; fill: #24292f; }
@media (prefers-color-scheme: dark) { text { fill: #9da7b3; } .title { fill: #e6edf3; } }`;

/** Every group has a scale of its own: its longest bar is as long as there is space. */
export function svg({ title, unit, groups, series }: Bars): string {
  const parts: string[] = [];
  const label = (x: number, y: number, text: string, more = "") =>
    parts.push(`<text x="${x}" y="${y}"${more}>${escaped(text)}</text>`);
  const bar = (x: number, y: number, width: number, color: string) =>
    parts.push(
      `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${
        BAR - 3
      }" rx="2" fill="${color}"/>`,
    );
  label(0, 14, `${title}, ${unit}`, ' class="title"');
  series.forEach((name, at) => {
    bar(LABEL + at * 120, 24, BAR - 3, COLORS[at]);
    label(LABEL + at * 120 + 18, 34, name);
  });
  let y = HEAD;
  for (const { label: group, values } of groups) {
    const scale = (WIDTH - LABEL - NUMBER) / Math.max(...values);
    label(0, y + values.length * BAR / 2 + 4, group);
    values.forEach((value, at) => {
      bar(LABEL, y, Math.max(value * scale, 1), COLORS[at]);
      label(Math.round(LABEL + value * scale + 6), y + 10, value.toPrecision(3));
      y += BAR;
    });
    y += GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
