// @ts-check
/**
 * How each model stands, why, until when, and what to do about it.
 *
 * @import { Context } from "./view.d.ts"
 */
import { tryModel } from "../data/actions.js";
import { html, nothing } from "../lib/html.js";
import { clock, count } from "../lib/text.js";

const STATES = {
  ok: "Takes jobs",
  resting: "Resting",
  refused: "Account refused",
  retired: "Retired",
};

/** @param {any[]} rows of generation_standing @param {Context} context */
export function models(rows, context) {
  if (rows.length === 0) {
    return html`
      <p
        class="quiet-text">The models appear with the first run of a worker. <em>Run workers</em> above starts one.</p>
    `;
  }
  return html`<ul class="models">${
    rows.map((row) => html`<li class=${row.state}>${model(row, context)}</li>`)
  }</ul>`;
}

/** @param {any} row @param {Context} context */
function model(
  { model, kind, state, rests_until, probed, code, reason, remedy, waiting_jobs },
  context,
) {
  const word = STATES[/** @type {keyof typeof STATES} */ (state)] ?? state;
  if (state === "ok") {
    return html`<strong>${model}</strong> <span class="quiet-text">${kind} · ${word}</span>`;
  }
  const now = Date.now();
  return html`
    <strong>${model}</strong> <span class="quiet-text">${kind}</span>
    <p class="held"><strong>${word}</strong>
      ${probed
        ? "a job finds out now whether it is over"
        : rests_until
        ? `until ${clock(rests_until, now)}`
        : nothing}
      ${waiting_jobs > 0 ? ` · ${count(waiting_jobs, "job waits", "jobs wait")}` : nothing}</p>
    <p>${code}: ${reason}</p>
    ${remedy ? html`<pre tabindex="0"><code>${remedy}</code></pre>` : nothing}
    <button @click=${() => context.act(() => tryModel(context.project, model))}>Try it now</button>
  `;
}
