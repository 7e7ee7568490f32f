// @ts-check
/**
 * A field of the form: its label, its control, and what is wrong with it.
 *
 * @import { Issue } from "../model/types.d.ts"
 */
import { html, ifDefined, live, nothing } from "../lib/html.js";
import { link } from "../lib/text.js";
import { FIELDS } from "../model/fields.js";
import { thumbnail } from "./thumbnail.js";

/** @typedef {{ value: string, issues: Issue[], offered?: Record<string, string>, images: { url: string, name: string }[], onInput: (text: string) => void, onDrop: (event: DragEvent) => void, onFiles: (files: File[]) => void }} Control */

/** @param {Issue} issue */
export function expectation({ field: name, expected }) {
  // What concerns no field is a sentence of its own.
  return name ? `Expected ${expected.replace(/^expected /, "")}` : expected;
}

/** What is wrong with a field, in words; nothing: "". @param {string} name @param {Issue[]} issues */
export function faultOf(name, issues) {
  return issues.filter((issue) => issue.field === name).map(expectation).join("; ");
}

/** @param {string} name */
export function takesPictures(name) {
  return ["list", "url"].includes(FIELDS[name].kind ?? "");
}

/** The text of a field with other pictures: a list has them below its own. @param {string} name @param {string} value @param {string[]} urls */
export function withPictures(name, value, urls) {
  const own = FIELDS[name].kind === "list" ? value.trim() : "";
  return [own, ...urls].filter(Boolean).join("\n");
}

/** @param {string} name @param {Control} control */
export function field(name, control) {
  const { label, help } = FIELDS[name];
  const wrong = faultOf(name, control.issues);
  const described = [help && `help-${name}`, wrong && `wrong-${name}`].filter(Boolean).join(" ");
  return html`<div class="field ${name}" @drop=${takesPictures(name) ? control.onDrop : nothing}>
    <label for="field-${name}">${label}</label>
    ${input(name, control, { invalid: wrong !== "", described })}
    ${help ? html`<p class="help" id="help-${name}">${help}</p>` : nothing}
    ${wrong ? html`<p class="wrong" id="wrong-${name}">${wrong}</p>` : nothing}
  </div>`;
}

/** @param {string} name @param {Control} control @param {{ invalid: boolean, described: string }} state */
function input(name, control, { invalid, described }) {
  const { value, offered, onInput } = control;
  const { kind } = FIELDS[name];
  const listen = (/** @type {Event} */ event) =>
    onInput(/** @type {HTMLInputElement} */ (event.target).value);
  const about = ifDefined(described || undefined);
  if (offered) {
    // Of a message that was sent before: what it has is shown, with what is wrong with it.
    const choices = Object.hasOwn(offered, value) ? offered : { ...offered, [value]: value };
    return html`
      <select id="field-${name}" name=${name} aria-invalid=${invalid}
        aria-describedby=${about} @change=${listen}>
            ${Object.entries(choices).sort(emptyFirst).map(([each, text]) =>
              html`<option value=${each} .selected=${each === value}>${text}</option>`
            )}
          </select>
    `;
  }
  if (kind === "text" || kind === "list") {
    return html`
      <textarea id="field-${name}" name=${name} rows=${kind === "text"
        ? 4
        : 2} aria-invalid=${invalid}
        aria-describedby=${about}
        .value=${live(value)} @input=${listen}></textarea>
            ${kind === "list"
              ? pick(name, control, (url) => onInput(withPictures(name, value, [url])))
              : nothing}
    `;
  }
  return html`
    <input id="field-${name}" name=${name} type="text" aria-invalid=${invalid}
      aria-describedby=${about} autocomplete="off"
      .value=${live(value)} @input=${listen}>
        ${kind === "url" ? pick(name, control, onInput) : nothing}
  `;
}

/** The pictures of the storyboard and of one's own, to be chosen without dragging. @param {string} name @param {Control} control @param {(url: string) => void} choose */
function pick(name, { value, images, onFiles }, choose) {
  const { label, kind } = FIELDS[name];
  const own = kind === "list" ? "Your own pictures" : "A picture of your own";
  const chosen = value.split(/\s+/).map(link).filter((url) => url !== undefined);
  return html`
    ${chosen.length > 0
      ? html`<div class="chosen">${
        chosen.map((url) => html`<img src=${thumbnail(url, 120)} alt="">`)
      }</div>`
      : nothing}
    ${images.length > 0
      ? html`<select aria-label="Choose a picture of this storyboard for ${label}" @change=${(
        /** @type {Event} */ event,
      ) => {
        const select = /** @type {HTMLSelectElement} */ (event.target);
        if (select.value) choose(select.value);
        select.value = "";
      }}>
        <option value="">Choose from this storyboard…</option>
        ${images.map(({ url, name: text }) => html`<option value=${url}>${text}</option>`)}
      </select>`
      : nothing}
    <label class="file">${own}
      <input type="file" aria-label="${own} for ${label}" accept="image/*" ?multiple=${kind ===
        "list"} @change=${(
        /** @type {Event} */ event,
      ) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        onFiles([...input.files ?? []]);
        input.value = "";
      }}>
    </label>
  `;
}

/** Names that are numbers come first in an object. @param {[string, string]} one @param {[string, string]} other */
function emptyFirst([one], [other]) {
  return Number(other === "") - Number(one === "");
}
