// @ts-check
/**
 * The jobs that failed for one reason: also those that no storyboard shows, because their messages name none.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { failedJobs, MOST_FAILED } from "../data/readings.js";
import { html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { ago } from "../lib/text.js";
import { jobName } from "../model/cards.js";

/** @param {{ kind: string, code: string }} reason @param {Context} context @returns {View} */
export function failedView({ kind, code }, { project }) {
  /** @type {any[] | undefined} */
  let jobs;

  async function refresh() {
    jobs = await failedJobs(project, kind, code);
    redraw();
    return 15;
  }

  const draw = () =>
    html`
      <div class="heading">
        <p class="crumbs"><a href=${address("queue")}>Queue</a></p>
        <h1>Failed: ${code}, ${kind}</h1>
      </div>
      ${jobs ? table(jobs) : html`<p class="quiet-text reading">Reading…</p>`}
    `;
  return { title: "Failed", refresh, draw };
}

/** @param {any[]} jobs */
function table(jobs) {
  if (jobs.length === 0) return html`<p class="quiet-text">No job has failed for this reason.</p>`;
  return html`
    ${jobs.length === MOST_FAILED
      ? html`<p class="quiet-text">The last ${MOST_FAILED}.</p>`
      : nothing}
    <div class="table" tabindex="0" role="region" aria-label="Table of failed jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">It said</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>${jobs.map((job) =>
          html`
            <tr>
              <th scope="row"><a href=${address("job", job.id)}>${jobName(job)}</a></th>
              <td class="words">${job.error_message}</td>
              <td>${ago(job.finished_at, Date.now())}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}
