// @ts-check
/**
 * Many jobs from a JSON text: all errors and the price before anything is sent.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Entry } from "../model/batch.js"
 * @import { Verdict } from "../data/core.js"
 */
import { send } from "../data/actions.js";
import { openCore } from "../data/core.js";
import { standing } from "../data/readings.js";
import { html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { count } from "../lib/text.js";
import { readBatch, unknownFields } from "../model/batch.js";
import { expectation } from "./field.js";
import { priceText, sumOf } from "./price.js";

const EXAMPLE = `{
  "storyboardId": "storyboard-001",
  "images": [
    { "sceneId": "scene-001", "prompt": "A hero on a cliff" },
    { "characterId": "hero", "prompt": "Portrait of the hero" }
  ],
  "videos": [
    { "sceneId": "scene-001", "prompt": "Waves break", "durationSeconds": "4" }
  ]
}`;

/** How many faults are listed. */
const MOST_SHOWN = 50;

/** @typedef {Entry & Verdict} Checked */

/** @param {string} storyboard @param {Context} context @returns {View} */
export function batchView(storyboard, context) {
  let text = "";
  /** @type {"image" | "video"} */
  let kind = "image";
  /** @type {{ checked: Checked[], fault?: string, bare?: boolean }} */
  let batch = { checked: [] };
  let sent = 0;
  let sending = false;
  const key = crypto.randomUUID();
  /** @type {any[]} */
  let models = [];

  async function check() {
    batch = text.trim() === "" ? { checked: [] } : await checked();
    redraw();
  }

  async function checked() {
    const { entries, fault, bare } = readBatch(text, {
      storyboard: storyboard || "storyboard-001",
      kind,
    });
    const modelsOf = (/** @type {string} */ of) => models.filter((model) => model.kind === of);
    try {
      const core = await openCore();
      const verdictOn = (/** @type {Entry} */ entry) =>
        core(entry.kind, entry.message, modelsOf(entry.kind));
      return { fault, bare, checked: entries.map((entry) => ({ ...entry, ...verdictOn(entry) })) };
    } catch (error) {
      return { fault: /** @type {Error} */ (error).message, checked: [] };
    }
  }

  async function refresh() {
    models = await standing(context.project);
    await check();
    return 60;
  }

  /** @param {File | undefined} file */
  async function read(file) {
    if (!file) return;
    text = await file.text();
    await check();
  }

  /** @param {DragEvent} event */
  function drop(event) {
    if (!event.dataTransfer?.files[0]) return;
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  }

  /** @param {Event} event */
  async function sendAll(event) {
    event.preventDefault();
    sending = true;
    await context.act(async () => {
      // A batch that was interrupted goes on where it was: a key sends its message once.
      for (sent = 0; sent < batch.checked.length; sent++) {
        const entry = batch.checked[sent];
        await send(context.project, entry.kind, entry.message, `${key}/${sent}`);
        redraw();
      }
      const [{ message }] = batch.checked;
      const goTo = address("storyboard", /** @type {any} */ (message).storyboardId);
      return { said: `${count(sent, "job")} sent.`, goTo };
    });
    sending = false;
    redraw();
  }

  const draw = () =>
    html`
      <div class="heading">
        ${storyboard
          ? html`<p class="crumbs"><a href=${
            address("storyboard", storyboard)
          }>${storyboard}</a></p>`
          : nothing}
        <h1>Batch</h1>
      </div>
      <form class="sheet wide" @submit=${sendAll} @dragover=${(/** @type {Event} */ event) =>
        event.preventDefault()} @drop=${drop}>
        <label>Messages as JSON: paste them, or drop a file here
          <textarea name="batch" rows="14" spellcheck="false" placeholder=${EXAMPLE} .value=${text}
            @input=${(/** @type {Event} */ event) => {
              text = /** @type {HTMLTextAreaElement} */ (event.target).value;
              check();
            }}></textarea>
        </label>
        <label class="file">Or choose a file
          <input type="file" accept=".json,application/json" @change=${(
            /** @type {Event} */ event,
          ) => read(/** @type {HTMLInputElement} */ (event.target).files?.[0])}>
        </label>
        ${batch.bare
          ? kindOfList(kind, (chosen) => {
            kind = chosen;
            check();
          })
          : nothing}
        ${verdict(batch)}
        <div class="send">
          <button class="primary" ?disabled=${sending || batch.checked.length === 0 ||
            batch.checked.some(({ issues }) => issues.length > 0)}>
            ${sending
              ? `Sending ${sent + 1} of ${batch.checked.length}…`
              : batch.checked.length === 0
              ? "Send"
              : `Send ${count(batch.checked.length, "job")}`}
          </button>
        </div>
      </form>
    `;
  return { title: "Batch", refresh, draw };
}

/** Of a list that does not say it. @param {Entry["kind"]} kind @param {(kind: Entry["kind"]) => void} choose */
function kindOfList(kind, choose) {
  return html`<label class="inline">The list holds
    <select @change=${(/** @type {Event} */ event) =>
    choose(/** @type {any} */ (event.target).value)}>
      <option value="image" .selected=${kind === "image"}>images</option>
      <option value="video" .selected=${kind === "video"}>videos</option>
    </select>
  </label>`;
}

/** @param {{ checked: Checked[], fault?: string }} batch */
function verdict({ checked, fault }) {
  if (fault) return html`<p class="wrong" role="alert">${fault}</p>`;
  if (checked.length === 0) return nothing;
  const wrong = checked.filter(({ issues }) => issues.length > 0);
  if (wrong.length > 0) {
    return html`
      <div role="alert">
        <p class="wrong">${count(wrong.length, "message")} of ${checked.length} cannot be sent:</p>
        <ul class="issues">${wrong.slice(0, MOST_SHOWN).flatMap(({ label, issues }) =>
          issues.map((issue) =>
            html`<li><code>${label}${issue.field ? `.${issue.field}` : nothing}</code> ${
              expectation(issue)
            }</li>`
          )
        )}</ul>
      </div>
    `;
  }
  const images = checked.filter(({ kind }) => kind === "image").length;
  const storyboards = [
    ...new Set(checked.map(({ message }) => /** @type {any} */ (message).storyboardId)),
  ];
  return html`
    <output>
      ${count(images, "image")} and ${count(
        checked.length - images,
        "video",
      )}, all valid, for ${storyboards.length > 3
        ? count(storyboards.length, "storyboard")
        : storyboards.join(", ")}. ${priceText(
          sumOf(checked.map(({ price }) => price)),
          " together",
        )}.
    </output>
    ${strangers(checked)}
  `;
}

/** Fields that no worker reads: most likely, they are misspelled. @param {Checked[]} checked */
function strangers(checked) {
  /** @type {Map<string, string[]>} */
  const places = new Map();
  for (const { label, kind, message } of checked) {
    for (const name of unknownFields(kind, message)) {
      places.set(name, [...places.get(name) ?? [], label]);
    }
  }
  if (places.size === 0) return nothing;
  return html`
    <div role="alert">
      <p>${count(places.size, "field")} will be ignored, because messages have no such field:</p>
      <ul class="issues">${[...places].slice(0, MOST_SHOWN).map(([name, [first, ...others]]) =>
        html`<li><code>${first}.${name}</code>${
          others.length > 0 ? ` and in ${count(others.length, "other message")}` : nothing
        }</li>`
      )}</ul>
    </div>
  `;
}
