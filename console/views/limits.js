// @ts-check
/**
 * The limits of the models, and whose jobs take turns.
 *
 * @import { Context } from "./view.d.ts"
 */
import { setFairShare, setLimits } from "../data/actions.js";
import { html, ifDefined, live, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";

/** @typedef {Map<string, string>} Faults what is wrong with what was typed, by model and field */

const BOUNDS = { requests_per_minute: "a minute", jobs_in_flight: "in flight" };

/** @param {string} model @param {any} limit @param {any} used @param {Faults} faults @param {Context} context */
export function limitsOf(model, limit, used, faults, context) {
  const inUse = {
    requests_per_minute: used?.begun_last_minute,
    jobs_in_flight: used?.in_flight_now,
  };
  /** @param {keyof typeof BOUNDS} name */
  const bound = (name) => {
    const fault = faults.get(`${model} ${name}`);
    const id = `wrong-${model}-${name}`;
    return html`<label>${BOUNDS[name]}${
      used && limit?.[name] !== null
        ? html`
          <span class="quiet-text">(${inUse[name]} now)</span>
        `
        : nothing
    }
      <input name=${name} inputmode="numeric" placeholder="no limit" .defaultValue=${
      String(limit?.[name] ?? "")
    }
        aria-label="${model}: ${BOUNDS[name]}" aria-invalid=${fault !== undefined}
        aria-describedby=${ifDefined(fault && id)}>
      ${fault ? html`<span class="wrong" id=${id}>${fault}</span>` : nothing}
    </label>`;
  };
  return html`<form class="limit" aria-label="Limits of ${model}" novalidate @submit=${(
    /** @type {SubmitEvent} */ event,
  ) => save(event, model, faults, context)}>
    ${bound("requests_per_minute")} ${bound("jobs_in_flight")}
    <button aria-label="Save the limits of ${model}">Save</button>
  </form>`;
}

/** Whose jobs take turns on each queue. @param {any[]} limits @param {Context} context */
export function turns(limits, context) {
  return html`<ul class="turns">${
    ["image_generation_queue", "video_generation_queue"].map((queue) =>
      html`<li>${turnsOf(queue, limits.find((row) => row.queue === queue), context)}</li>`
    )
  }</ul>`;
}

/** @param {string} queue @param {any} limit @param {Context} context */
function turnsOf(queue, limit, context) {
  const name = queue === "image_generation_queue" ? "Images" : "Videos";
  const current = limit?.fair_share ?? "";
  /** @param {Event} event */
  const change = (event) =>
    context.act(() =>
      setFairShare(context.project, queue, /** @type {HTMLSelectElement} */ (event.target).value)
    );
  return html`
    <strong>${name}</strong>
    <label>take turns <select aria-label="Whose ${name.toLowerCase()} take turns" @change=${change}>
          ${[["", "no, in their order"], ["storyboard", "by storyboard"], ["owner", "by owner"]]
            .map(([value, text]) =>
              html`<option value=${value} .selected=${live(value === current)}>${text}</option>`
            )}
        </select></label>
  `;
}

/** @param {SubmitEvent} event @param {string} model @param {Faults} faults @param {Context} context */
function save(event, model, faults, context) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const fields = new FormData(form);
  const numbers = Object.keys(BOUNDS).map((name) => {
    const text = String(fields.get(name)).trim();
    const isNumber = /^\d{1,9}$/.test(text);
    faults.delete(`${model} ${name}`);
    if (text !== "" && !isNumber) {
      faults.set(`${model} ${name}`, "Expected a whole number from 0, or nothing for no limit");
    }
    return [name, isNumber ? Number(text) : null];
  });
  const wrong = Object.keys(BOUNDS).find((name) => faults.has(`${model} ${name}`));
  redraw();
  if (wrong) return /** @type {HTMLElement} */ (form.elements.namedItem(wrong)).focus();
  return context.act(() => setLimits(context.project, model, Object.fromEntries(numbers)));
}
