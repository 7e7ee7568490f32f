// @ts-check
/**
 * The form of a job: a mode, its fields, what is wrong with them and what the job will cost, as one types.
 *
 * @import { Context } from "./view.d.ts"
 * @import { Draft, Mode, Target } from "../model/draft.js"
 * @import { Verdict } from "../data/core.js"
 */
import { send } from "../data/actions.js";
import { openCore } from "../data/core.js";
import { forgetDraft, keepDraft, keptDraft } from "../data/drafts.js";
import { html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { messageOf, MODES } from "../model/draft.js";
import { choice, FIELDS } from "../model/fields.js";
import { takeAll, takePictures } from "./drag.js";
import { expectation, field, takesPictures, withPictures } from "./field.js";
import { price, priceText } from "./price.js";

/** @type {{ draft: Draft, address: string } | undefined} What a drop chose, for the form of an address. */
let prefilled;

/** @param {{ draft: Draft, address: string } | undefined} choice */
export function prefill(choice) {
  prefilled = choice;
}

/** @param {string} address */
function takePrefilled(address) {
  const draft = prefilled?.address === address ? prefilled.draft : undefined;
  prefilled = undefined;
  return draft;
}

export class Form {
  #check = /** @type {Awaited<ReturnType<typeof openCore>> | undefined} */ (undefined);
  /** Why there is no check. */
  #fault = "";
  /** What was sent last without an answer: sent again, it is the same job. @type {{ text: string, key: string }} */
  #unanswered;
  #sending = false;
  /** What `#offered` has found out, as the page is drawn each second. @type {Map<string, Record<string, string>>} */
  #offers = new Map();
  /** What is wrong is not said before something was typed. */
  #touched = false;

  /**
   * @param {Context} context
   * @param {Target} target
   * @param {string} address the one of its page
   * @param {Draft} [draft] what it begins with, unless something was chosen or typed for this address
   */
  constructor(context, target, address, draft = { mode: "image", fields: {} }) {
    this.context = context;
    this.target = target;
    this.address = address;
    const chosen = takePrefilled(address);
    const kept = chosen ? undefined : keptDraft(context.project, address);
    /** Whether it is as it was left. */
    this.isKept = kept !== undefined;
    Object.assign(target, kept?.target);
    this.#unanswered = kept?.unanswered ?? { text: "", key: "" };
    /** @type {Draft} */
    this.draft = chosen ?? kept?.draft ?? draft;
    this.#touched = chosen !== undefined || this.isKept;
    /** @type {any[]} */
    this.standing = [];
    /** @type {{ url: string, name: string }[]} */
    this.images = [];
    /** The picture that is edited or animated, unless another is chosen. */
    this.source = "";
    /** The page that shows what becomes of a job; none: the one that the form is on. @type {(job: string) => string | undefined} */
    this.pageAfter = () => undefined;
    /** Those that the page has beside the form, with what is wrong with them. @type {string[]} */
    this.fieldsOfPage = [];
    this.#open();
  }

  async #open() {
    try {
      this.#check = await openCore();
    } catch (error) {
      this.#fault = /** @type {Error} */ (error).message;
    }
    redraw();
  }

  /** @param {Draft} draft */
  fill(draft) {
    this.draft = draft;
    this.#touched = true;
    redraw();
  }

  /** Keeps what the reader has changed, and shows it. */
  keep() {
    const kept = { target: this.target, draft: this.draft, unanswered: this.#unanswered };
    keepDraft(this.context.project, this.address, kept);
    redraw();
  }

  /** Fills it for what was chosen elsewhere on the page, and turns to it: on a phone it is far below. @param {Draft} draft */
  turnTo(draft) {
    this.fill(draft);
    this.keep();
    // After it is drawn.
    queueMicrotask(() => {
      const prompt = document.getElementById("field-prompt");
      if (!prompt) return;
      const { top, bottom } = prompt.getBoundingClientRect();
      if (top < 0 || bottom > innerHeight) prompt.closest("form")?.scrollIntoView();
      prompt.focus({ preventScroll: true });
    });
  }

  /** The models of the workers that make what the form is for. */
  get models() {
    const { kind } = MODES[this.draft.mode];
    return this.standing.filter((model) => model.kind === kind);
  }

  /** What each model would say to the message and take for it, if it alone were asked. */
  get eachModel() {
    const { model: _, ...message } = this.message;
    return this.models.map((model) => ({
      model: model.model,
      ...this.#judge(message, [model]),
    }));
  }

  get message() {
    const { storyboard, slot, id } = this.target;
    return messageOf({ ...this.draft, storyboardId: storyboard, slot, id });
  }

  /** @returns {Verdict} */
  get verdict() {
    return this.#judge(this.message, this.models);
  }

  /**
   * The price and what models accept do not depend on the words, so they are said before there are any.
   *
   * @param {Record<string, unknown>} message
   * @param {any[]} models
   * @returns {Verdict}
   */
  #judge(message, models) {
    const check = this.#check;
    if (!check) return { issues: [] };
    const { kind } = MODES[this.draft.mode];
    if (String(message.prompt).trim() !== "") return check(kind, message, models);
    const ofPrompt = check(kind, message, models).issues.filter(({ field: name }) =>
      name === "prompt"
    );
    const { issues, price: cost } = check(kind, { ...message, prompt: "any" }, models);
    return { issues: [...ofPrompt, ...issues], price: cost };
  }

  /**
   * The values that a field can have: those that a model of the workers makes. Undefined where any text can stand.
   *
   * @param {string} name
   */
  #offered(name) {
    const { models } = this;
    if (name === "model") return choice("The first that can", models.map(({ model }) => model));
    const { options } = FIELDS[name];
    if (!options) return undefined;
    const { kind } = MODES[this.draft.mode];
    const key = [kind, name, !this.#check, ...models.map(({ model }) => model)].join();
    const known = this.#offers.get(key);
    if (known) return known;
    const isMade = (/** @type {string} */ value) => {
      const fields = { prompt: "any", [name]: value };
      const message = messageOf({ mode: kind, storyboardId: "any", slot: "none", id: "", fields });
      return this.#judge(message, models).issues.length === 0;
    };
    const offers = Object.fromEntries(Object.entries(options).filter(([value]) => isMade(value)));
    this.#offers.set(key, offers);
    return offers;
  }

  /** What is said to be wrong. @param {Verdict} verdict */
  issuesOf({ issues }) {
    return this.#touched ? issues : [];
  }

  draw(verdict = this.verdict) {
    const { mode, fields } = this.draft;
    const { kind, about } = MODES[mode];
    const shown = this.issuesOf(verdict);
    const placed = ["prompt", ...MODES[mode].fields, ...this.fieldsOfPage];
    const shownElsewhere = shown.filter(({ field: name }) => !placed.includes(name));
    /** @param {string} name */
    const one = (name) =>
      field(name, {
        value: fields[name] ?? "",
        issues: shown,
        offered: this.#offered(name),
        images: this.images,
        onInput: (text) => this.#type(name, text),
        onDrop: (event) => takePictures(event, ...this.#zone(name)),
        onFiles: (files) => takeAll(files, ...this.#zone(name)),
      });
    const [main, more] = split(MODES[mode].fields);
    return html`<form class="job-form" @submit=${(/** @type {Event} */ event) =>
      this.#send(event)} @dragover=${allowDrop} @drop=${(/** @type {DragEvent} */ event) =>
      this.#dropBeside(event)} novalidate>
      <div class="modes" role="group" aria-label="What to make">
        ${
      /** @type {Mode[]} */ (Object.keys(MODES)).map((each) =>
        html`<button type="button" aria-pressed=${each === mode} @click=${() =>
          this.#switch(each)}>${MODES[each].name}</button>`
      )
    }
      </div>
      <p class="help">${about}</p>
      ${one("prompt")} ${main.map(one)}
      <details><summary>More</summary><div class="more">${more.map(one)} ${
      eachModel(this.eachModel)
    }</div></details>
      ${this.#others()} ${elsewhere(shownElsewhere)}
      ${this.#fault ? html`<p class="wrong" role="alert">${this.#fault}</p>` : nothing}
      <div class="send">
        <button class="primary" ?disabled=${!this.#check || this.#sending || shown.length > 0}>
          ${this.#sending ? "Sending…" : `Send ${kind === "image" ? "image" : "video"}`}
        </button>
        ${price(verdict.price)}
      </div>
    </form>`;
  }

  /** What the message has that the form has no field for; any of it can be left out. */
  #others() {
    const rest = Object.entries(this.draft.rest ?? {});
    if (rest.length === 0) return nothing;
    return html`
      <div class="field">
        <p>Also in the message</p>
        <ul class="rest">${rest.map(([name, value]) =>
          html`
            <li>
              <code>${name}: ${JSON.stringify(value)}</code>
              <button type="button" class="quiet" aria-label="Leave out ${name}"
                @click=${() => this.#leaveOut(name)}>Leave out</button>
            </li>
          `
        )}</ul>
      </div>
    `;
  }

  /** @param {string} name */
  #leaveOut(name) {
    delete this.draft.rest?.[name];
    this.keep();
  }

  /** @param {Mode} mode */
  #switch(mode) {
    this.draft = { ...this.draft, mode };
    const { fields } = this.draft;
    if (mode === "edit") fields.sourceImageUrls ||= this.source;
    if (mode === "animate") fields.sourceImageUrl ||= this.source;
    this.keep();
  }

  /** @param {string} name @param {string} text */
  #type(name, text) {
    this.draft.fields[name] = text;
    this.#touched = true;
    this.keep();
  }

  /**
   * Where pictures go that are for a field.
   *
   * @param {string} name
   * @returns {[import("./drag.js").DropZone, (urls: string[]) => void]}
   */
  #zone(name) {
    const several = FIELDS[name].kind === "list";
    const { context, target: { storyboard } } = this;
    return [
      { storyboard, context, several },
      (urls) => this.#type(name, withPictures(name, this.draft.fields[name] ?? "", urls)),
    ];
  }

  /** What no field has taken. @param {DragEvent} event */
  #dropBeside(event) {
    if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    const fields = MODES[this.draft.mode].fields.filter(takesPictures).map((name) =>
      FIELDS[name].label
    );
    const where = fields.length > 0
      ? `drop a picture on ${fields.join(" or ")}`
      : "choose Edit or Animate, which take pictures";
    const result = { said: `Nothing was taken: ${where}.`, failed: true };
    this.context.act(() => Promise.resolve(result));
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    this.#touched = true;
    if (this.verdict.issues.length > 0) return redraw();
    this.#sending = true;
    const { message } = this;
    const text = JSON.stringify(message);
    if (this.#unanswered.text !== text) this.#unanswered = { text, key: crypto.randomUUID() };
    this.keep();
    await this.context.act(async () => {
      const { kind } = MODES[this.draft.mode];
      const job = await send(this.context.project, kind, message, this.#unanswered.key);
      this.#unanswered = { text: "", key: "" };
      forgetDraft(this.context.project, this.address);
      return { said: "Sent.", goTo: this.pageAfter(job) };
    });
    this.#sending = false;
    redraw();
  }
}

/** What each model makes of the message: its price, or what it does not accept. @param {Form["eachModel"]} models */
function eachModel(models) {
  const rows = models.map(({ model, issues, price }) => {
    // What is wrong for all models is said beside its field.
    const lacks = issues.filter(({ expected }) => expected.endsWith(` for ${model}`))
      .map((issue) => notAccepted(issue, model));
    return { model, words: lacks.join("; ") || (price ? priceText(price) : "") };
  }).filter(({ words }) => words !== "");
  if (rows.length === 0) return nothing;
  return html`<ul class="each-model help" aria-label="What each model makes of this">${
    rows.map(({ model, words }) => html`<li><strong>${model}</strong> ${words}</li>`)
  }</ul>`;
}

/** @param {import("../model/types.d.ts").Issue} issue @param {string} model */
function notAccepted({ field: name, expected }, model) {
  const label = (FIELDS[name]?.label ?? name).toLowerCase();
  const wanted = expected.replace(` for ${model}`, "");
  return wanted === "none" ? `accepts no ${label}` : `as ${label}, accepts ${wanted}`;
}

/** What is wrong with fields that the form does not have. @param {import("../model/types.d.ts").Issue[]} issues */
function elsewhere(issues) {
  if (issues.length === 0) return nothing;
  return html`<ul class="issues">${
    issues.map((issue) => html`<li><code>${issue.field}</code> ${expectation(issue)}</li>`)
  }</ul>`;
}

const MAIN = [
  "sourceImageUrl",
  "sourceImageUrls",
  "lastFrameUrl",
  "referenceImageUrls",
  "aspectRatio",
  "durationSeconds",
  "imageSize",
  "resolution",
];

/** @param {string[]} fields */
function split(fields) {
  return [
    fields.filter((name) => MAIN.includes(name)),
    fields.filter((name) => !MAIN.includes(name)),
  ];
}

/** @param {DragEvent} event */
function allowDrop(event) {
  event.preventDefault();
}
