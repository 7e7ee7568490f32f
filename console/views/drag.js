// @ts-check
/**
 * Dragging a picture onto a scene or a field, where it becomes a source: to edit, or a first or last frame. It comes
 * from another card, from another page, or from a folder of the operator's own.
 *
 * @import { Context } from "./view.d.ts"
 */
import { ref } from "../lib/html.js";
import { count, link } from "../lib/text.js";

/** @param {string} url */
export function dragImage(url) {
  return (/** @type {DragEvent} */ event) => {
    event.dataTransfer?.setData("text/uri-list", url);
    event.dataTransfer?.setData("text/plain", url);
  };
}

/**
 * @typedef {object} DropZone where pictures are dropped
 * @property {string} storyboard the one that files are stored for
 * @property {Context} context
 * @property {boolean} several whether it takes more than one
 */

/**
 * Takes the pictures that are dropped, and says how many were left. A text that is dropped is the browser's.
 *
 * @param {DragEvent} event
 * @param {DropZone} zone
 * @param {(urls: string[]) => string | void} take called with their addresses; answers the address of the page that shows
 *   them, if it is another one
 */
export function takePictures(event, zone, take) {
  const dropped = event.dataTransfer?.getData("text/uri-list") ?? "";
  const urls = dropped.split(/\s+/).map(link).filter((url) => url !== undefined);
  const files = [...event.dataTransfer?.files ?? []];
  if (urls.length + files.length === 0) return;
  event.preventDefault();
  // Links of this page are no pictures. A picture of a page comes with a file of it.
  const pictures = urls.filter((url) => !url.startsWith(`${location.href.split("#")[0]}#`));
  const all = urls.length > 0 ? pictures : files;
  if (all.length > 0) return takeAll(all, zone, take);
}

/**
 * The same with pictures that are there already: files that were chosen, or addresses.
 *
 * @param {(string | File)[]} all
 * @param {DropZone} zone
 * @param {(urls: string[]) => string | void} take
 */
export function takeAll(all, { storyboard, context, several }, take) {
  const some = several ? all : all.slice(0, 1);
  return context.act(async () => {
    /** @type {string[]} */
    const addresses = [];
    for (const one of some) {
      addresses.push(typeof one === "string" ? one : await stored(one, storyboard, context));
    }
    return { goTo: take(addresses) ?? undefined, said: outcome(some, all.length) };
  });
}

/** @param {File} file @param {string} storyboard @param {Context} context */
function stored(file, storyboard, { project }) {
  if (storyboard) return project.upload(storyboard, file);
  throw new Error("Nothing was stored: name the storyboard first.");
}

/** Empty where nothing is to be said: the pictures are seen. @param {(string | File)[]} taken @param {number} all */
function outcome(taken, all) {
  const left = all - taken.length;
  return [
    taken[0] instanceof File && `${count(taken.length, "picture is", "pictures are")} stored.`,
    left > 0 && `There is a place for one picture: ${count(left, "other")} left out.`,
  ].filter(Boolean).join(" ");
}

/** The zones of what takes pictures, from its top: what a picture becomes that is dropped there. */
const ZONES = /** @type {const} */ ([
  { name: "Edit this picture", mode: "edit", field: "sourceImageUrls" },
  { name: "First frame of a video", mode: "animate", field: "sourceImageUrl" },
  { name: "Last frame of a video", mode: "animate", field: "lastFrameUrl" },
]);

/**
 * Makes an element take pictures.
 *
 * @param {string} storyboard
 * @param {Context} context
 * @param {(draft: import("../model/draft.js").Draft) => string | void} take called with the form that the picture begins;
 *   answers the address of the form, if it is another page's
 */
export function dropTarget(storyboard, context, take) {
  return ref((element) => {
    const card = /** @type {HTMLElement | undefined} */ (element);
    if (!card) return;
    card.ondragover = (event) => {
      const types = event.dataTransfer?.types ?? [];
      if (!types.includes("text/uri-list") && !types.includes("Files")) return;
      event.preventDefault();
      card.dataset.drop = ZONES[zoneOf(card, event)].name;
    };
    card.ondragleave = (event) => {
      if (!card.contains(/** @type {Node | null} */ (event.relatedTarget))) {
        delete card.dataset.drop;
      }
    };
    card.ondrop = (event) => {
      event.preventDefault();
      delete card.dataset.drop;
      const { mode, field } = ZONES[zoneOf(card, event)];
      const several = field === "sourceImageUrls";
      takePictures(
        event,
        { storyboard, context, several },
        (urls) => take({ mode, fields: { [field]: urls.join("\n") } }),
      );
    };
  });
}

/** Of the part that is in view: all zones can be reached. @param {HTMLElement} card @param {DragEvent} event */
function zoneOf(card, event) {
  const { top, bottom } = card.getBoundingClientRect();
  const from = Math.max(top, 0);
  const part = (event.clientY - from) / (Math.min(bottom, innerHeight) - from);
  return Math.min(ZONES.length - 1, Math.max(0, Math.floor(part * ZONES.length)));
}
