/** What makes pictures and films. */
import { drawPicture, type Picture } from "./drawing/picture.ts";
import { type Film, makeFilm } from "./drawing/film.ts";

export type { Film, Picture };

/** Makes the bytes of pictures (PNG or JPEG) and films (MP4). */
export interface Painter {
  picture(picture: Picture): Promise<Uint8Array>;
  /** Is called for each download of a film and has to make the same film each time. */
  film(film: Film): Promise<Uint8Array>;
}

/** The film that was made last: a download asks for several parts of it. */
let made: { film: Film; bytes: Promise<Uint8Array> } | undefined;

/** Pictures that show their prompt and films that play. */
export const drawn: Painter = {
  picture: drawPicture,
  film(film) {
    if (made?.film !== film) made = { film, bytes: makeFilm(film) };
    return made.bytes;
  },
};
