/** A landscape as SVG: sky, light, ridges that fade with distance, and a foreground. */
import { mix, type Palette } from "./palette.ts";

type Random = () => number;
/** Height of a ridge above the bottom edge, at a distance from the left edge. */
type Ridge = (x: number) => number;

export function landscape(width: number, height: number, palette: Palette, random: Random): string {
  const horizon = height * (0.56 + random() * 0.08);
  const unit = Math.min(width, height);
  const parts = [sky(width, height, palette), light(width, horizon, unit, palette, random)];
  if (palette.stars) parts.push(stars(width, horizon, random));
  else parts.push(clouds(width, horizon, unit, random));

  const layers = 4;
  for (let layer = 0; layer < layers; layer++) {
    const nearness = layer / (layers - 1);
    const colour = mix(palette.sky[2], palette.land, 0.25 + 0.75 * nearness);
    const base = height - horizon - (height - horizon) * 0.66 * nearness + unit * 0.05;
    const ridge = makeRidge(base, unit * (0.17 - 0.1 * nearness), unit, 1 + nearness, random);
    const nearest = layer === layers - 1;
    if (nearest && palette.foreground === "water") {
      parts.push(water(width, height, horizon, palette, random));
      break;
    }
    parts.push(ridgePath(width, height, ridge, colour));
    if (nearest) parts.push(foreground(width, height, unit, ridge, palette, random));
  }
  return parts.join("");
}

function sky(width: number, height: number, { sky: [top, middle, low] }: Palette): string {
  return `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">` +
    `<stop offset="0" stop-color="${top}"/><stop offset="0.38" stop-color="${middle}"/>` +
    `<stop offset="0.68" stop-color="${low}"/></linearGradient></defs>` +
    `<rect width="${width}" height="${height}" fill="url(#sky)"/>`;
}

function light(width: number, horizon: number, unit: number, palette: Palette, random: Random) {
  const x = width * (0.18 + random() * 0.64);
  const y = horizon * (0.32 + random() * 0.42);
  const radius = unit * (0.055 + random() * 0.03);
  return `<defs><radialGradient id="glow"><stop offset="0" stop-color="${palette.light}" ` +
    `stop-opacity="0.75"/><stop offset="0.25" stop-color="${palette.light}" stop-opacity="0.28"/>` +
    `<stop offset="1" stop-color="${palette.light}" stop-opacity="0"/></radialGradient></defs>` +
    circle(x, y, radius * 5.5, "url(#glow)") + circle(x, y, radius, palette.light);
}

function stars(width: number, horizon: number, random: Random): string {
  return Array.from({ length: 110 }, () => {
    const opacity = (0.25 + random() * 0.75).toFixed(2);
    const [x, y] = [random() * width, random() * horizon * 0.85];
    return `<g opacity="${opacity}">${circle(x, y, 0.6 + random() * 1.8, "#ffffff")}</g>`;
  }).join("");
}

function clouds(width: number, horizon: number, unit: number, random: Random): string {
  return Array.from({ length: 5 }, () => {
    const x = random() * width;
    const y = horizon * (0.1 + random() * 0.62);
    const length = unit * (0.16 + random() * 0.3);
    const streak = (dx: number, dy: number, share: number) =>
      `<rect x="${round(x + dx)}" y="${round(y + dy)}" width="${round(length * share)}" ` +
      `height="${round(unit * 0.016)}" rx="${round(unit * 0.008)}"/>`;
    return `<g fill="#ffffff" opacity="${(0.1 + random() * 0.16).toFixed(2)}">` +
      streak(0, 0, 1) + streak(length * 0.22, -unit * 0.016, 0.5) +
      streak(length * 0.4, unit * 0.016, 0.45) + `</g>`;
  }).join("");
}

/** A sum of waves, the shorter ones pointed like peaks. */
function makeRidge(
  base: number,
  rise: number,
  unit: number,
  detail: number,
  random: Random,
): Ridge {
  const waves = Array.from({ length: 5 }, (_, octave) => ({
    length: unit * (1.1 / (octave * 0.85 * detail + 1)) * (0.8 + random() * 0.4),
    phase: random() * Math.PI * 2,
    height: rise / (octave * 0.9 + 1),
  }));
  return (x) =>
    waves.reduce((sum, { length, phase, height }) => {
      const angle = x * Math.PI * 2 / length + phase;
      return sum + height * (1 - 1.6 * Math.abs(Math.sin(angle / 2)));
    }, base);
}

function ridgePath(width: number, height: number, ridge: Ridge, colour: string): string {
  const points: string[] = [];
  for (let x = 0; x <= width + 8; x += 8) points.push(`${x} ${round(height - ridge(x))}`);
  return `<path fill="${colour}" d="M0 ${height}L${points.join("L")}L${width + 8} ${height}Z"/>`;
}

function foreground(
  width: number,
  height: number,
  unit: number,
  ridge: Ridge,
  { foreground, land, accent }: Palette,
  random: Random,
): string {
  const along = (count: number, draw: (x: number, y: number) => string) =>
    Array.from({ length: count }, () => {
      const x = random() * width;
      return draw(x, height - ridge(x));
    }).join("");
  switch (foreground) {
    case "bare":
    case "water":
      return "";
    case "pines":
      return along(Math.round(width / unit * 26), (x, y) => {
        const tall = unit * (0.05 + random() * 0.09);
        return `<path fill="${land}" d="` + [0, 0.28, 0.56].map((step) => {
          const [tip, foot] = [y - tall * (1 - step * 0.6), y - tall * (0.52 - step * 0.95)];
          const half = tall * (0.13 + step * 0.17);
          return `M${round(x)} ${round(tip)}L${round(x + half)} ${round(foot)}` +
            `L${round(x - half)} ${round(foot)}Z`;
        }).join("") + `"/>`;
      });
    case "towers":
      return along(Math.round(width / unit * 12), (x, y) => {
        const [wide, tall] = [unit * (0.025 + random() * 0.04), unit * (0.06 + random() * 0.16)];
        const windows = Array.from({ length: 4 }, () => {
          const [wx, wy] = [
            x + wide * (0.15 + random() * 0.55),
            y - tall * (0.15 + random() * 0.7),
          ];
          return `<rect x="${round(wx)}" y="${round(wy)}" width="${round(wide * 0.14)}" ` +
            `height="${round(wide * 0.2)}" fill="${accent}" opacity="0.8"/>`;
        }).join("");
        return `<rect x="${round(x)}" y="${round(y - tall)}" width="${round(wide)}" ` +
          `height="${round(tall + unit * 0.2)}" fill="${land}"/>${windows}`;
      });
    case "cacti":
      return along(7, (x, y) => {
        const tall = unit * (0.05 + random() * 0.06);
        const thick = round(tall * 0.17);
        return `<path fill="none" stroke="${land}" stroke-width="${thick}" stroke-linecap="round" ` +
          `stroke-linejoin="round" d="M${round(x)} ${round(y + tall * 0.2)}v${round(-tall * 1.2)}` +
          `M${round(x)} ${round(y - tall * 0.25)}h${round(tall * 0.32)}v${round(-tall * 0.34)}` +
          `M${round(x)} ${round(y - tall * 0.1)}h${round(-tall * 0.3)}v${round(-tall * 0.38)}"/>`;
      });
  }
}

function water(
  width: number,
  height: number,
  horizon: number,
  { sky, light, land }: Palette,
  random: Random,
): string {
  const top = horizon + (height - horizon) * 0.22;
  const glints = Array.from({ length: 70 }, () => {
    const depth = random() ** 1.6;
    const length = width * (0.02 + 0.07 * depth) * (0.5 + random());
    return `<rect x="${round(random() * width)}" y="${round(top + (height - top) * depth)}" ` +
      `width="${round(length)}" height="${round(1.5 + 3 * depth)}" rx="1.5" ` +
      `opacity="${(0.1 + random() * 0.25).toFixed(2)}"/>`;
  }).join("");
  return `<defs><linearGradient id="water" x1="0" y1="0" x2="0" y2="1">` +
    `<stop offset="0" stop-color="${mix(sky[1], light, 0.3)}"/>` +
    `<stop offset="1" stop-color="${land}"/></linearGradient></defs>` +
    `<rect y="${round(top)}" width="${width}" height="${round(height - top)}" ` +
    `fill="url(#water)"/><g fill="${light}">${glints}</g>`;
}

function circle(x: number, y: number, radius: number, fill: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${round(radius)}" fill="${fill}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
