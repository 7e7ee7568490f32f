// @ts-check
/** The addresses of the views, all behind `#`: any static host can serve the page. */

/**
 * @typedef {{ view: "storyboards" }
 *   | { view: "storyboard", storyboard: string }
 *   | { view: "entity", storyboard: string, slot: string, id: string }
 *   | { view: "send", storyboard: string }
 *   | { view: "batch", storyboard: string }
 *   | { view: "queue" }
 *   | { view: "job", job: string }} Route
 */

/**
 * @param {string} hash
 * @returns {Route} the list of storyboards for what is no address
 */
export function routeOf(hash) {
  const [view, ...ids] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const [storyboard = "", slot = "", id = ""] = ids;
  if (view === "queue") return { view };
  if (view === "job" && storyboard) return { view, job: storyboard };
  if (view === "send") return { view, storyboard };
  if (view === "batch") return { view, storyboard };
  if (view !== "storyboard" || !storyboard) return { view: "storyboards" };
  if ((slot === "scene" || slot === "character") && id) {
    return { view: "entity", storyboard, slot, id };
  }
  return { view, storyboard };
}

/** @param {string[]} parts */
export function address(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
