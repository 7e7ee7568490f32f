/** What an image model is to draw. */
import type { Picture } from "../painter.ts";

/** A picture that was asked for, and the tokens that it takes. */
export interface Plan {
  picture: Picture;
  tokens: number;
  thoughts: number;
}

/** An image that was asked for as an interaction. */
export interface ImageRequest {
  model: string;
  background: boolean;
  plan: Plan;
}
