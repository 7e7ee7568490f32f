// @ts-check
/**
 * How each model stands, why, until when, what to do about it; and its limits.
 *
 * @import { Context } from "./view.d.ts"
 */
import { tryModel } from "../data/actions.js";
import { html, nothing } from "../lib/html.js";
import { clock, count } from "../lib/text.js";
import { limitsOf } from "./limits.js";

const STATES = {
  ok: "takes jobs",
  resting: "Resting",
  refused: "Account refused",
  retired: "Retired",
};

/**
 * @param {{ standing: any[], limits: any[], inUse: any[] }} figures
 * @param {import("./limits.js").Faults} faults
 * @param {Context} context
 */
export function models({ standing, limits, inUse }, faults, context) {
  if (standing.length === 0) {
    return html`
      <p
        class="quiet-text">The models appear with the first run of a worker. <em>Run workers</em> above starts one.</p>
    `;
  }
  const ofNone = limits.filter(({ model }) =>
    model && !standing.some((row) => row.model === model)
  );
  const rows = [
    ...standing,
    ...ofNone.map(({ model }) => ({ model, kind: "in no list", state: "ok", waiting_jobs: 0 })),
  ];
  return html`<ul class="models">${
    rows.map((row) =>
      html`<li>
    <div class="standing">${standingOf(row, context)}</div>
    ${
        limitsOf(
          row.model,
          limits.find(({ model }) => model === row.model),
          inUse.find(({ model }) => model === row.model),
          faults,
          context,
        )
      }
  </li>`
    )
  }</ul>`;
}

/** @param {any} row of generation_standing @param {Context} context */
function standingOf(
  { model, kind, state, rests_until, probed, code, reason, remedy, waiting_jobs },
  context,
) {
  const word = STATES[/** @type {keyof typeof STATES} */ (state)] ?? state;
  if (state === "ok") {
    return html`<strong>${model}</strong> <span class="quiet-text">${
      kind ? `${kind}, ` : nothing
    }${word}</span>`;
  }
  return html`
    <strong>${model}</strong> <span class="quiet-text">${kind}</span>
    <p class="held"><strong>${word}</strong>
      ${probed
        ? "a job finds out now whether it is over"
        : rests_until
        ? `until ${clock(rests_until, Date.now())}`
        : nothing}
      ${waiting_jobs > 0 ? ` · ${count(waiting_jobs, "job waits", "jobs wait")}` : nothing}</p>
    <p>${code}: ${reason}</p>
    ${remedyOf(remedy)}
    <button @click=${() => context.act(() => tryModel(context.project, model))}>Try it now</button>
  `;
}

/** A command to copy, or a comment that says why there is none. @param {string | null} remedy */
function remedyOf(remedy) {
  if (!remedy) return nothing;
  if (remedy.startsWith("# ")) return html`<p class="quiet-text">${remedy.slice(2)}</p>`;
  return html`<pre tabindex="0"><code>${remedy}</code></pre>`;
}
