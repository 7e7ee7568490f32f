// @ts-check
/**
 * The queues: what waits, what is in hand, how fast and how well it goes, and what it costs.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { latencies, pastFigures, queueFigures } from "../data/readings.js";
import { redriveAll } from "../data/redrive.js";
import { html, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { ago, count, dollars, duration } from "../lib/text.js";
import { jobName } from "../model/cards.js";
import { remediesOf } from "../model/remedy.js";
import { seriesOf } from "../model/series.js";
import { standingOf } from "../model/standing.js";
import { turns } from "./limits.js";
import { models } from "./models.js";
import { plot } from "./plot.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const PAST_LASTS = 60_000;

/** @param {Context} context @returns {View} */
export function queueView(context) {
  const { project } = context;
  /** @type {any} */
  let now;
  /** @type {any} */
  let past;
  let pastAt = -Infinity;
  /** Why there are no figures of the past, for example because the ledger is too large for them. */
  let pastProblem = "";
  /** @type {import("./limits.js").Faults} */
  const faults = new Map();

  async function refresh() {
    now = await queueFigures(project);
    redraw();
    // They take longer than the others, which are not to wait for them.
    if (performance.now() - pastAt > PAST_LASTS) {
      pastAt = performance.now();
      readPast();
    }
    return now.live.jobs.length > 0 ? 2 : 5;
  }

  async function readPast() {
    try {
      past = { ...await pastFigures(project), latencies: await latencies(project) };
      pastProblem = "";
    } catch (problem) {
      pastProblem = `${/** @type {Error} */ (problem).message}`;
    }
    redraw();
  }

  const draw = () =>
    now
      ? html`
          <div class="heading">
          <h1>Queue</h1>
        </div>
          <div class="queues">${now.metrics.map((/** @type {any} */ row) => queue(row))}</div>
          ${live(now.live, past?.latencies)}
          <section aria-label="Models"><h2>Models and limits</h2>${models(
            now,
            faults,
            context,
          )} ${turns(
            now.limits,
            context,
          )}</section>
          ${pastProblem
            ? html`<p class="wrong">The figures cannot be read: ${pastProblem}</p>`
            : nothing}
          ${past ? plots(past) : nothing}
          ${past ? failures(past.failures, context) : nothing}
          ${past ? costs(past.costs) : nothing}
      `
      : html`
        <div class="heading">
          <h1>Queue</h1>
        </div>
        <p class="quiet-text reading">Reading…</p>
      `;
  return { title: "Queue", refresh, draw };
}

/** @param {any} row of generation_metrics */
function queue(
  {
    queue,
    visible,
    in_flight,
    delayed,
    oldest_visible_seconds,
    succeeded,
    failed,
    cancelled,
    cost_usd,
  },
) {
  const name = queue === "image_generation_queue" ? "Images" : "Videos";
  /** @param {unknown} value @param {string} word */
  const figure = (value, word) =>
    html`
      <div>
        <dt>${word}</dt>
        <dd>${value}</dd>
      </div>
    `;
  return html`
    <section class="queue" aria-label=${name}>
      <h2>${name}</h2>
      <dl>
          ${figure(visible, "wait")}
          ${figure(in_flight, "in flight")} ${figure(delayed, "delayed")} ${figure(
            succeeded,
            "succeeded",
          )}
          ${figure(failed, "failed")} ${figure(cancelled, "cancelled")} ${figure(
            dollars(cost_usd),
            "cost",
          )}
        </dl>
    ${oldest_visible_seconds > 1
      ? html`<p class="quiet-text">The oldest has waited for ${
        duration(oldest_visible_seconds)
      }.</p>`
      : nothing}
    </section>
  `;
}

/** @param {any} live @param {any} latency */
function live({ jobs, now, more }, latency) {
  if (jobs.length === 0) {
    return html`<p class="quiet-text idle">Nothing is on the queues. New jobs appear here by themselves.</p>`;
  }
  const moment = Date.parse(now);
  return html`
    <section aria-label="Jobs">
      <h2>Jobs <span class="quiet-text">${more
        ? `the first ${jobs.length}`
        : jobs.length}</span></h2>
      <div class="table" tabindex="0" role="region" aria-label="Table of jobs">
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Sent</th>
            </tr>
          </thead>
          <tbody>${jobs.map((/** @type {any} */ job) => {
            const { tone, word, detail } = standingOf(job, {
              now: moment,
              latency: latency?.[job.kind],
            });
            return html`
              <tr>
                <th scope="row"><a href=${address("job", job.id)}>${jobName(job)}</a></th>
                <td class=${tone}>${job.kind === "video" ? "Video: " : nothing}${word}</td>
                <td class="words">${detail}</td>
                <td>${ago(job.enqueued_at, moment)}</td>
              </tr>
            `;
          })}</tbody>
        </table>
      </div>
    </section>
  `;
}

/** @param {any} past */
function plots({ throughput, latency, costs }) {
  const hour = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const day = Math.floor(Date.now() / 1000 / DAY) * DAY;
  const hours = { from: hour - 47 * HOUR, to: hour, step: HOUR };
  const whole = (/** @type {number} */ value) => String(Math.round(value * 10) / 10);
  /** @param {string} kind */
  const took = (kind) =>
    seriesOf(latency.filter((/** @type {any} */ row) => row.kind === kind), {
      time: "hour",
      unit: duration,
      range: { ...hours, missing: null },
      columns: {
        "half of them": (row) => row.p50_seconds,
        "95 of 100": (row) => row.p95_seconds,
        "99 of 100": (row) => row.p99_seconds,
      },
    });
  return html`
    <section aria-label="Figures">
      <h2>Figures <span class="quiet-text">the last two days by the hour, 14 days by the day</span></h2>
      <div class="plots">
        ${plot(
          "Jobs that ended, by hour",
          seriesOf(throughput, {
            time: "hour",
            bars: true,
            unit: whole,
            range: { ...hours, missing: 0 },
            columns: {
              succeeded: (row) => row.succeeded,
              "failed or cancelled": (row) => row.failed + row.cancelled,
            },
          }),
        )}
        ${plot("How long images take", took("image"))}
        ${plot("How long videos take", took("video"))}
        ${plot(
          "Cost by day",
          seriesOf(costs.days, {
            time: "day",
            bars: true,
            unit: dollars,
            range: { from: day - 13 * DAY, to: day, step: DAY, missing: 0 },
            columns: { "all jobs": (row) => Number(row.cost_usd) },
          }),
        )}
      </div>
    </section>
  `;
}

/** @param {any[]} rows @param {Context} context */
function failures(rows, context) {
  if (rows.length === 0) return nothing;
  return html`
    <section aria-label="Failures">
      <h2>Failed, by reason</h2>
      <div class="table" tabindex="0" role="region" aria-label="Table of failures">
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Jobs</th>
              <th scope="col">The last one said</th>
              <th scope="col">When</th>
              <th scope="col"><span class="for-readers">What to do</span></th>
            </tr>
          </thead>
          <tbody>${rows.map(({ kind, error_code, jobs, last_message, last_at, last_job_id }) =>
            html`
              <tr>
                <th scope="row"><a href=${address(
                  "failed",
                  kind,
                  error_code,
                )}>${error_code}, ${kind}</a></th>
                <td>${jobs}</td>
                <td class="words"><a href=${address("job", last_job_id)}>${last_message ||
                  "no words"}</a></td>
                <td>${ago(last_at, Date.now())}</td>
                <td><button aria-label="Retry ${jobs > 1
                  ? "all "
                  : ""}${kind}s that failed with ${error_code}" @click=${() =>
                  context.act(() => retryAll(context, { kind, error_code, jobs }))}>Retry ${jobs > 1
                  ? "all"
                  : nothing}</button></td>
              </tr>
            `
          )}</tbody>
        </table>
      </div>
    </section>
  `;
}

/** @param {Context} context @param {{ kind: import("../model/types.d.ts").Kind, error_code: string, jobs: number }} row */
async function retryAll({ project }, { kind, error_code, jobs }) {
  const hope = remediesOf(error_code).retry
    ? ""
    : " Their messages are as they were: they fail again, unless the models of the workers have changed.";
  if (!confirm(`Run ${count(jobs, kind)} that failed with ${error_code} again?${hope}`)) {
    return "Nothing was redriven.";
  }
  return await redriveAll(project, { kind, error_code });
}

/** @param {any} costs */
function costs({ storyboards }) {
  if (storyboards.length === 0) return nothing;
  return html`
    <section aria-label="Costs">
      <h2>Cost by storyboard <span class="quiet-text">the last 14 days, estimated</span></h2>
      <div class="table" tabindex="0" role="region" aria-label="Table of costs">
        <table>
          <thead>
            <tr>
              <th scope="col">Storyboard</th>
              <th scope="col">Jobs</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>${storyboards.map((/** @type {any} */ { storyboard_id, jobs, cost_usd }) =>
            html`
              <tr>
                <th scope="row">${storyboard_id
                  ? html`<a href=${address("storyboard", storyboard_id)}>${storyboard_id}</a>`
                  : "None"}</th>
                <td>${jobs}</td>
                <td>${dollars(cost_usd)}</td>
              </tr>
            `
          )}</tbody>
        </table>
      </div>
    </section>
  `;
}
