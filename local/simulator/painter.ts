/** Who makes what is looked at. */
import { drawPanel, type Panel } from "./drawing/panel.ts";
import { type Film, makeFilm } from "./film/film.ts";

export type { Film, Panel };

/** Makes the bytes of pictures (PNG) and films (MP4). */
export interface Painter {
  picture(panel: Panel): Promise<Uint8Array>;
  /** Is asked again whenever a film is downloaded again, and has to make the same. */
  film(film: Film): Promise<Uint8Array>;
}

/** Pictures that show their prompt and films that play. */
export const drawn: Painter = { picture: drawPanel, film: makeFilm };
