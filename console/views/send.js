// @ts-check
/**
 * A new job for any scene or character, also for one that is not there yet.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { Board } from "../data/board.js";
import { standing } from "../data/readings.js";
import { html } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { Form } from "./form.js";

/** @param {string} storyboard may be empty @param {Context} context @returns {View} */
export function sendView(storyboard, context) {
  const target = { storyboard, slot: "scene", id: "" };
  const form = new Form(context, target, { mode: "image", fields: {} });
  const board = storyboard ? new Board(context.project, storyboard) : undefined;
  form.onSent = () => {
    location.hash = address("storyboard", target.storyboard);
  };

  async function refresh() {
    await board?.refresh();
    form.images = board?.images ?? [];
    form.standing = await standing(context.project);
    if (board && !target.id) target.id = nextScene(board.cards.scenes.map(({ id }) => id));
    redraw();
    return 60;
  }

  /** @param {"storyboard" | "slot" | "id"} name */
  const set = (name) => (/** @type {Event} */ event) => {
    target[name] = /** @type {HTMLInputElement} */ (event.target).value.trim();
    redraw();
  };

  const draw = () =>
    html`
      <div class="heading">
        ${storyboard
          ? html`<p class="crumbs"><a href=${
            address("storyboard", storyboard)
          }>${storyboard}</a></p>`
          : ""}
        <h1>New</h1>
      </div>
      <div class="sheet">
        <div class="target">
          <label>Storyboard <input name="storyboard" .value=${target.storyboard} @input=${set(
            "storyboard",
          )} placeholder="storyboard-001" spellcheck="false"></label>
          <label>For
            <select name="slot" @change=${set("slot")}>
              <option value="scene">a scene</option>
              <option value="character">a character</option>
              <option value="none">neither</option>
            </select>
          </label>
          <label ?hidden=${target.slot === "none"}>${target.slot === "character"
            ? "Character"
            : "Scene"} id <input name="id" .value=${target
            .id} @input=${set("id")} placeholder="scene-001" spellcheck="false"></label>
        </div>
        ${form.draw()}
      </div>
    `;
  return { title: "New", refresh, draw };
}

/** The id after the last one, in the same form. @param {string[]} ids in their order */
export function nextScene(ids) {
  const [, name, number] = /^(.*?)(\d+)$/.exec(ids.at(-1) ?? "") ?? [];
  if (number === undefined) return "scene-001";
  return name + String(Number(number) + 1).padStart(number.length, "0");
}
