// @ts-check
/** The addresses of the views, all behind `#`: any static host can serve the page. */

/**
 * @typedef {{ view: "storyboards" }
 *   | { view: "storyboard", storyboard: string }
 *   | { view: "entity", storyboard: string, slot: string, id: string }
 *   | { view: "send", storyboard: string }
 *   | { view: "again", job: string }
 *   | { view: "batch", storyboard: string }
 *   | { view: "queue" }
 *   | { view: "failed", kind: string, code: string }
 *   | { view: "job", job: string }
 *   | { view: "unknown", address: string }} Route
 */

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [view, ...ids] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const empty = ids.indexOf("");
  const count = empty === -1 ? ids.length : empty;
  const [id = "", slot = "", entity = ""] = ids;
  if ((view === "" || view === "storyboards") && count === 0) return { view: "storyboards" };
  if (view === "queue" && count === 0) return { view };
  if ((view === "send" || view === "batch") && count <= 1) return { view, storyboard: id };
  if (view === "failed" && count === 2) return { view, kind: id, code: slot };
  if ((view === "job" || view === "again") && count === 1) return { view, job: id };
  if (view === "storyboard" && count === 1) return { view, storyboard: id };
  if (view === "storyboard" && count === 3 && (slot === "scene" || slot === "character")) {
    return { view: "entity", storyboard: id, slot, id: entity };
  }
  return { view: "unknown", address: hash };
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
