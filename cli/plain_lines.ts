/** Foreign texts of several lines, for a terminal. */
import { plain } from "../supabase/functions/_shared/plain.ts";

/** As {@link plain}, but its lines stay lines. */
export function plainLines(text: string): string {
  return text.split("\n").map(plain).join("\n");
}
