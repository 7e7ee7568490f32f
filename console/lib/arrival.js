// @ts-check
/**
 * Arriving at a view. A new one is read from its heading on. One that the reader returns to stands where it was left, at
 * the link that led away from it.
 */

/** @typedef {{ top: number, link: string | null }} Left */

/** Where the views were left, by the number of their entry in the history. @type {Map<number, Left>} */
const left = new Map();
let entry = 0;
let entries = 0;

history.scrollRestoration = "manual";
history.replaceState({ entry }, "");

/** Call it when the address has changed, before the new view is drawn. @returns {Left | undefined} of a view that is come back to */
export function arrive() {
  left.set(entry, { top: scrollY, link: document.activeElement?.getAttribute("href") ?? null });
  const known = history.state?.entry;
  entry = known ?? ++entries;
  if (known === undefined) history.replaceState({ entry }, "");
  return known === undefined ? undefined : left.get(entry);
}

/**
 * Call it when the new view is drawn, and again when it has read what it shows.
 *
 * @param {Left} [place]
 * @param {boolean} [again] what the reader has turned to since then stays as it is
 */
export function settle(place, again = false) {
  if (place || !again) scrollTo(0, place?.top ?? 0);
  const active = document.activeElement;
  if (again && active && active !== document.body && active.localName !== "h1") return;
  const heading = document.querySelector("main h1");
  if (heading instanceof HTMLElement) heading.tabIndex = -1;
  const link = place?.link && document.querySelector(`main a[href="${CSS.escape(place.link)}"]`);
  const target = link || heading;
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
