// @ts-check
/**
 * Dragging a picture onto a scene, where it becomes a source: to edit, or a first or last frame. It comes from another
 * card, from another page, or from a folder of the operator's own.
 *
 * @import { Context } from "./view.d.ts"
 */
import { ref } from "../lib/html.js";
import { link } from "../lib/text.js";

/** @param {string} url */
export function dragImage(url) {
  return (/** @type {DragEvent} */ event) => {
    event.dataTransfer?.setData("text/uri-list", url);
    event.dataTransfer?.setData("text/plain", url);
  };
}

/** The zones of a card, from its top: what a picture becomes that is dropped there. */
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
 * @param {(draft: import("../model/draft.js").Draft) => void} take called with the form that the picture begins
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
      const file = event.dataTransfer?.files[0];
      const url = link(event.dataTransfer?.getData("text/uri-list").split(/\s/)[0]);
      // A link of this page was dragged, not a picture.
      if (url?.startsWith(`${location.href.split("#")[0]}#`)) return;
      if (url) take({ mode, fields: { [field]: url } });
      else if (file) {
        context.act(async () => {
          take({ mode, fields: { [field]: await context.project.upload(storyboard, file) } });
          return "The picture is stored.";
        });
      }
    };
  });
}

/** @param {HTMLElement} card @param {DragEvent} event */
function zoneOf(card, event) {
  const { top, height } = card.getBoundingClientRect();
  const part = (event.clientY - top) / height;
  return Math.min(ZONES.length - 1, Math.max(0, Math.floor(part * ZONES.length)));
}
