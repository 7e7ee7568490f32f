// @ts-check
/**
 * The limits of the models, and whose jobs take turns.
 *
 * @import { Context } from "./view.d.ts"
 */
import { setFairShare, setLimits } from "../data/actions.js";
import { html, nothing } from "../lib/html.js";

/** @param {string} model @param {any} limit @param {any} used @param {Context} context */
export function limitsOf(model, limit, used, context) {
  /** @param {string} name @param {string} label @param {unknown} inUse */
  const bound = (name, label, inUse) =>
    html`<label>${label}${
      used && limit?.[name] !== null
        ? html`
          <span class="quiet-text">(${inUse} now)</span>
        `
        : nothing
    }
      <input name=${name} inputmode="numeric" pattern="[0-9]*" placeholder="no limit" .defaultValue=${
      String(limit?.[name] ?? "")
    }
        aria-label="${model}: ${label}">
    </label>`;
  return html`<form class="limit" aria-label="Limits of ${model}" @submit=${(
    /** @type {SubmitEvent} */ event,
  ) => save(event, model, context)}>
    ${bound("requests_per_minute", "a minute", used?.begun_last_minute)}
    ${bound("jobs_in_flight", "in flight", used?.in_flight_now)}
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
          ${[["", "no: in their order"], ["storyboard", "by storyboard"], ["owner", "by owner"]]
            .map(([value, text]) =>
              html`<option value=${value} .selected=${value === current}>${text}</option>`
            )}
        </select></label>
  `;
}

/** @param {SubmitEvent} event @param {string} model @param {Context} context */
function save(event, model, context) {
  event.preventDefault();
  const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const number = (/** @type {string} */ name) => {
    const text = String(fields.get(name)).trim();
    return text === "" ? null : Number(text);
  };
  return context.act(() =>
    setLimits(context.project, model, {
      requests_per_minute: number("requests_per_minute"),
      jobs_in_flight: number("jobs_in_flight"),
    })
  );
}
