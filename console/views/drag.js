// @ts-check
/** Dragging a picture onto a scene, where it becomes a source: to edit, or a first or last frame. */
import { ref } from "../lib/html.js";
import { address } from "../lib/route.js";
import { link } from "../lib/text.js";
import { prefill } from "./form.js";

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

/** Makes an element take pictures for a scene or character. @param {string} storyboard @param {string} slot @param {string} id */
export function dropTarget(storyboard, slot, id) {
  return ref((element) => {
    const card = /** @type {HTMLElement | undefined} */ (element);
    if (!card) return;
    card.ondragover = (event) => {
      if (!event.dataTransfer?.types.includes("text/uri-list")) return;
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
      const url = link(event.dataTransfer?.getData("text/uri-list").split(/\s/)[0]);
      if (!url) return;
      const { mode, field } = ZONES[zoneOf(card, event)];
      prefill({ mode, fields: { [field]: url } });
      location.hash = address("storyboard", storyboard, slot, id);
    };
  });
}

/** @param {HTMLElement} card @param {DragEvent} event */
function zoneOf(card, event) {
  const { top, height } = card.getBoundingClientRect();
  const part = (event.clientY - top) / height;
  return Math.min(ZONES.length - 1, Math.max(0, Math.floor(part * ZONES.length)));
}
