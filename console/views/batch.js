// @ts-check
/**
 * Many jobs from a JSON text: all errors and the price before anything is sent.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Entry } from "../model/batch.js"
 * @import { Kind } from "../model/types.d.ts"
 * @import { Verdict } from "../data/core.js"
 */
import { sendBatch } from "../data/batch.js";
import { openCore } from "../data/core.js";
import { forgetDraft, keepDraft, keptDraft } from "../data/drafts.js";
import { standing } from "../data/readings.js";
import { guard, html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { count } from "../lib/text.js";
import { KNOWN_BESIDE, KNOWN_FIELDS, readBatch, unknownIn } from "../model/batch.js";
import { meant } from "../model/near.js";
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

/** @typedef {Entry & Verdict} Checked */
/** @typedef {{ checked: Checked[], fault?: string, bare?: boolean, beside?: string[] }} Read */

/** @implements {View} */
export class BatchView {
  title = "Batch";
  #text = "";
  /** @type {Kind} Of a list that does not say what it holds. */
  #kind = "image";
  /** @type {Read} */
  #batch = { checked: [] };
  /** While it is being sent, it is not to change. */
  #sending = false;
  #sent = 0;
  /** @type {any[]} */
  #models = [];

  /** @param {string} storyboard @param {Context} context */
  constructor(storyboard, context) {
    this.storyboard = storyboard;
    this.context = context;
    this.address = address("batch", storyboard);
    const kept = keptDraft(context.project, this.address);
    this.#text = kept?.text ?? "";
    this.#kind = kept?.kind ?? "image";
  }

  /** What the reader has changed is kept, and checked. */
  #change() {
    const [text, kind] = [this.#text, this.#kind];
    keepDraft(this.context.project, this.address, { text, kind });
    return this.#check();
  }

  async refresh() {
    this.#models = await standing(this.context.project);
    await this.#check();
    return 60;
  }

  async #check() {
    this.#batch = this.#text.trim() === "" ? { checked: [] } : await this.#read();
    redraw();
  }

  /** @returns {Promise<Read>} */
  async #read() {
    const { entries, ...read } = readBatch(this.#text, {
      storyboard: this.storyboard || "storyboard-001",
      kind: this.#kind,
    });
    try {
      const core = await openCore();
      const checked = entries.map((entry) => {
        const models = this.#models.filter(({ kind }) => kind === entry.kind);
        return { ...entry, ...core(entry.kind, entry.message, models) };
      });
      return { ...read, checked };
    } catch (error) {
      return { fault: /** @type {Error} */ (error).message, checked: [] };
    }
  }

  /** @param {string} text */
  #take(text) {
    if (this.#sending) return;
    this.#text = text;
    return this.#change();
  }

  /** @param {DragEvent} event */
  async #drop(event) {
    const [file, ...others] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    if (others.length === 0) return await this.#take(await file.text());
    const said = `Nothing was taken: expected one file, not ${others.length + 1}.`;
    await this.context.act(() => Promise.resolve({ said, failed: true }));
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const { context } = this;
    const { checked } = this.#batch;
    this.#sending = true;
    await context.act(async () => {
      await sendBatch(context.project, checked, (sent) => {
        this.#sent = sent;
        redraw();
      });
      forgetDraft(context.project, this.address);
      const [{ message }] = checked;
      const goTo = address("storyboard", /** @type {any} */ (message).storyboardId);
      return { said: `${count(checked.length, "job")} sent.`, goTo };
    });
    this.#sending = false;
    redraw();
  }

  draw() {
    const { storyboard } = this;
    return html`
      <div class="heading">
        ${storyboard
          ? html`<p class="crumbs"><a href=${
            address("storyboard", storyboard)
          }>${storyboard}</a></p>`
          : nothing}
        <h1>Batch</h1>
      </div>
      <form class="sheet wide" @submit=${(/** @type {Event} */ event) =>
        this.#send(event)} @dragover=${(/** @type {Event} */ event) =>
        event.preventDefault()} @drop=${(/** @type {DragEvent} */ event) => this.#drop(event)}>
        ${this.#inputs()}
        ${guard([this.#batch], () => verdict(this.#batch))}
        <div class="send">${this.#button()}</div>
      </form>
    `;
  }

  #inputs() {
    const take = (/** @type {Event} */ event) =>
      this.#take(/** @type {HTMLTextAreaElement} */ (event.target).value);
    const open = async (/** @type {Event} */ event) => {
      const file = /** @type {HTMLInputElement} */ (event.target).files?.[0];
      if (file) await this.#take(await file.text());
    };
    return html`
      <label>Messages as JSON: paste them, or drop a file here
        <textarea name="batch" rows="14" spellcheck="false" placeholder=${EXAMPLE} .value=${this
          .#text} ?disabled=${this.#sending} @input=${take}></textarea>
      </label>
      <label class="file">Or choose a file
        <input type="file" accept=".json,application/json" ?disabled=${this
          .#sending} @change=${open}>
      </label>
      ${this.#batch.bare
        ? kindOfList(this.#kind, this.#sending, (chosen) => {
          this.#kind = chosen;
          this.#change();
        })
        : nothing}
    `;
  }

  #button() {
    const { checked, beside } = this.#batch;
    const all = checked.length;
    const ignored = countStrangers(checked, beside);
    const wrong = checked.some(({ issues }) => issues.length > 0);
    return html`
      <button class="primary" ?disabled=${this.#sending || all === 0 || wrong}>
        ${this.#sending
          ? `Sending ${this.#sent + 1} of ${all}…`
          : all === 0
          ? "Send"
          : `Send ${count(all, "job")}${
            ignored > 0 ? ` and ignore ${count(ignored, "field")}` : ""
          }`}
      </button>
    `;
  }
}

/** Of a list that does not say it. @param {Kind} kind @param {boolean} fixed @param {(kind: Kind) => void} choose */
function kindOfList(kind, fixed, choose) {
  return html`<label class="inline">The list holds
    <select ?disabled=${fixed} @change=${(/** @type {Event} */ event) =>
    choose(/** @type {any} */ (event.target).value)}>
      <option value="image" .selected=${kind === "image"}>images</option>
      <option value="video" .selected=${kind === "video"}>videos</option>
    </select>
  </label>`;
}

/** @param {Read} batch */
function verdict({ checked, fault, beside }) {
  if (fault) return html`<p class="wrong" role="alert">${fault}</p> ${strangers(checked, beside)}`;
  if (checked.length === 0) return nothing;
  const wrong = checked.filter(({ issues }) => issues.length > 0);
  return html`${wrong.length > 0 ? faults(wrong, checked.length) : worth(checked)} ${
    strangers(checked, beside)
  }`;
}

/** @param {Checked[]} wrong @param {number} all */
function faults(wrong, all) {
  return html`
    <div role="alert">
      <p class="wrong">${count(wrong.length, "message")} of ${all} cannot be sent:</p>
      <ul class="issues">${wrong.flatMap(({ label, issues }) =>
        issues.map((issue) =>
          html`<li><code>${label}${issue.field ? `.${issue.field}` : nothing}</code> ${
            expectation(issue)
          }</li>`
        )
      )}</ul>
    </div>
  `;
}

/** What it is, and what it will cost. @param {Checked[]} checked */
function worth(checked) {
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
  `;
}

/** @param {Checked[]} checked @param {string[]} [beside] */
function countStrangers(checked, beside = []) {
  return unknownIn(checked).size + beside.length;
}

/** Fields that no worker reads: most likely, they are misspelled. @param {Checked[]} checked @param {string[]} [beside] */
function strangers(checked, beside = []) {
  const places = unknownIn(checked);
  const all = countStrangers(checked, beside);
  if (all === 0) return nothing;
  return html`
    <div role="alert">
      <p>${count(all, "field")} will be ignored, because there is no such field:</p>
      <ul class="issues">${beside.map((name) =>
        html`<li><code>${name}</code>${meant(name, KNOWN_BESIDE)}</li>`
      )} ${[...places].map(([name, [first, ...others]]) =>
        html`<li><code>${first.label}.${name}</code>${
          others.length > 0 ? ` and in ${count(others.length, "other message")}` : nothing
        }${meant(name, KNOWN_FIELDS[first.kind])}</li>`
      )}</ul>
    </div>
  `;
}
