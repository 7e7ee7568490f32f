// @ts-check
/**
 * A new job for any scene or character, also for one that is not there yet; or once more what another job was.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { Board } from "../data/board.js";
import { job, standing } from "../data/readings.js";
import { html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { draftOf } from "../model/draft.js";
import { advice } from "./failure.js";
import { faultOf } from "./field.js";
import { Form } from "./form.js";
import { noJob } from "./no_job.js";

/** @param {string} storyboard may be empty @param {Context} context @returns {View} */
export function sendView(storyboard, context) {
  const target = { storyboard, slot: "scene", id: "" };
  const form = formFor(target, context, address("send", storyboard));
  const board = storyboard ? new Board(context.project, storyboard) : undefined;
  /** @type {string | undefined} */
  let suggested;

  async function refresh() {
    await board?.refresh();
    form.images = board?.images ?? [];
    form.standing = await standing(context.project);
    if (board && suggested === undefined) suggest(board);
    redraw();
    return 60;
  }

  /** Once: a field that was emptied stays empty. @param {Board} board */
  function suggest({ cards }) {
    suggested = nextScene(cards.scenes.map(({ id }) => id));
    if (target.slot === "scene") target.id ||= suggested;
  }

  const draw = () =>
    html`
      <div class="heading">
        ${storyboard
          ? html`<p class="crumbs"><a href=${
            address("storyboard", storyboard)
          }>${storyboard}</a></p>`
          : nothing}
        <h1>New job</h1>
      </div>
      ${sheet(target, form, suggested)}
    `;
  return { title: "New job", refresh, draw };
}

/** A message that was sent before, to be changed and sent as another job. @param {string} id of its job @param {Context} context @returns {View} */
export function againView(id, context) {
  const target = { storyboard: "", slot: "none", id: "" };
  const form = formFor(target, context, address("again", id));
  /** @type {any} */
  let row;
  let read = false;

  async function refresh() {
    if (!read) await readJob();
    form.standing = await standing(context.project);
    await readImages();
    redraw();
    return 60;
  }

  /** Once: what is typed then is the reader's. */
  async function readJob() {
    row = await job(context.project, id);
    read = true;
    if (!row || form.isKept) return;
    const again = draftOf(row);
    Object.assign(target, again.target);
    form.fill(again.draft);
  }

  /** The pictures to choose from. */
  async function readImages() {
    if (!row?.storyboard_id) return;
    const board = new Board(context.project, row.storyboard_id);
    await board.refresh();
    form.images = board.images;
  }

  const draw = () =>
    html`
      <div class="heading">
        <p class="crumbs"><a href=${address("job", id)}>Back to the job</a></p>
        <h1>Send again</h1>
      </div>
      ${row
        ? html`${row.status === "failed" ? reason(row) : nothing} ${sheet(target, form)}`
        : noJob(read)}
    `;
  return { title: "Send again", refresh, draw };
}

/** Why the job has failed. @param {any} row */
function reason({ error_code, error_message }) {
  return html`
    <p class="reason strip failed"><strong>${error_code}</strong> <span>${error_message}</span> ${advice(
      error_code,
    )}</p>
  `;
}

/** @param {import("../model/draft.js").Target} target @param {Context} context @param {string} place the address of its page */
function formFor(target, context, place) {
  const form = new Form(context, target, place);
  form.pageAfter = () => address("storyboard", target.storyboard);
  return form;
}

/** @param {import("../model/draft.js").Target} target @param {Form} form @param {string} [suggested] the id of a scene */
function sheet(target, form, suggested) {
  /** @param {"storyboard" | "slot" | "id"} name */
  const set = (name) => (/** @type {Event} */ event) => {
    // It is no character's.
    if (name === "slot" && target.id === suggested) target.id = "";
    target[name] = /** @type {HTMLInputElement} */ (event.target).value.trim();
    form.keep();
  };
  const slots = [["scene", "a scene"], ["character", "a character"], ["none", "neither"]];
  const isCharacter = target.slot === "character";
  const idField = isCharacter ? "characterId" : "sceneId";
  form.fieldsOfPage = ["storyboardId", ...target.slot === "none" ? [] : [idField]];
  const { verdict } = form;
  const [wrongBoard, wrongId] = ["storyboardId", idField].map((name) =>
    faultOf(name, form.issuesOf(verdict))
  );
  return html`
    <div class="sheet">
      <div class="target">
        <div>
          <label>Storyboard <input name="storyboard" .value=${target.storyboard} @input=${set(
            "storyboard",
          )} placeholder="storyboard-001" spellcheck="false" aria-invalid=${wrongBoard !== ""}
              aria-describedby="wrong-storyboard"></label>
          <p class="wrong" id="wrong-storyboard">${wrongBoard}</p>
        </div>
        <label>For
          <select name="slot" @change=${set("slot")}>${slots.map(([slot, text]) =>
            html`<option value=${slot} .selected=${slot === target.slot}>${text}</option>`
          )}</select>
        </label>
        <div ?hidden=${target.slot === "none"}>
          <label>${isCharacter ? "Character" : "Scene"} id <input name="id" .value=${target
            .id} @input=${set("id")} placeholder=${isCharacter
            ? "hero"
            : "scene-001"} spellcheck="false" aria-invalid=${wrongId !== ""}
              aria-describedby="wrong-id"></label>
          <p class="wrong" id="wrong-id">${wrongId}</p>
        </div>
      </div>
      ${form.draw(verdict)}
    </div>
  `;
}

/** The id after the last one, in the same form. @param {string[]} ids in their order */
export function nextScene(ids) {
  const [, name, number] = /^(.*?)(\d+)$/.exec(ids.at(-1) ?? "") ?? [];
  if (number === undefined) return "scene-001";
  return name + String(Number(number) + 1).padStart(number.length, "0");
}
