// @ts-check
/**
 * One job: its steps with their times, the message as sent, its sources, what the provider said, what it cost.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { cancel } from "../data/cancel.js";
import { job, latencies } from "../data/readings.js";
import { redrive } from "../data/redrive.js";
import { html, ifDefined, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { clock, dollars, duration, link } from "../lib/text.js";
import { answerOf } from "../model/answer.js";
import { linkText } from "../model/links.js";
import { remediesOf } from "../model/remedy.js";
import { standingOf } from "../model/standing.js";
import { stepsOf } from "../model/steps.js";
import { advice } from "./failure.js";
import { noJob } from "./no_job.js";
import { details } from "./standing.js";

/** @param {string} id @param {Context} context @returns {View} */
export function jobView(id, context) {
  /** @type {any} */
  let row;
  let read = false;
  let latency = /** @type {Record<string, import("../model/types.d.ts").Latency> | undefined} */ (
    undefined
  );
  /** The sources that cannot be shown. @type {Set<string>} */
  const broken = new Set();
  const onBroken = (/** @type {string} */ url) => {
    broken.add(url);
    redraw();
  };

  async function refresh() {
    row = await job(context.project, id);
    read = true;
    redraw();
    if (!isLive(row)) return 15;
    latency ??= await latencies(context.project);
    return 2;
  }

  const draw = () => {
    if (!row) {
      return html`
        <div class="heading">
          <h1>Job</h1>
        </div>
        ${noJob(read)}
      `;
    }
    const pictures = [asset(row), sources(row, broken, onBroken)].filter((each) =>
      each !== nothing
    );
    return html`
      <div class="heading">
        <p class="crumbs">${place(row)}</p>
        <h1>${row.kind === "image" ? "Image" : "Video"}: ${row.status}</h1>
        ${actions(row, context)}
      </div>
      ${isLive(row) ? standing(row, latency) : failure(row, row.error_code)}
      <div class="job ${pictures.length > 0 ? "" : "alone"}">
        ${pictures.length > 0 ? html`<div>${pictures}</div>` : nothing}
        <div>${facts(row)} ${steps(row)} ${said("Message as sent", row.message)} ${said(
          "What the provider counted",
          row.usage,
        )} ${said("Operation at the provider", row.operation)}</div>
      </div>
    `;
  };
  return { title: "Job", refresh, draw };
}

/** @param {any} row */
function isLive(row) {
  return ["queued", "running", "waiting"].includes(row?.status);
}

/**
 * What happens with it, or why nothing does; and what was wrong with its last attempt, unless that is why.
 *
 * @param {any} row
 * @param {Record<string, import("../model/types.d.ts").Latency>} [latency]
 */
function standing(row, latency) {
  const { tone, word, ...rest } = standingOf(row, {
    now: Date.now(),
    latency: latency?.[row.kind],
  });
  return html`
    <div class="strip ${tone}"><strong>${word}</strong> ${details({ tone, word, ...rest })}</div>
    ${rest.detail === row.error_message ? nothing : failure(row, "Last attempt")}
  `;
}

/** What was wrong, and what to do. @param {any} row @param {string} title */
function failure({ status, error_code, error_message }, title) {
  if (!error_code) return nothing;
  return html`
    <p class="strip ${status === "failed" ? "failed" : "held"}">
      <strong>${title}</strong> <span>${error_message}</span> ${advice(error_code)}
    </p>
  `;
}

/** @param {any} row */
function place({ storyboard_id, scene_id, character_id }) {
  if (!storyboard_id) return nothing;
  const slot = scene_id ? "scene" : "character";
  const entity = scene_id ?? character_id;
  return html`<a href=${address("storyboard", storyboard_id)}>${storyboard_id}</a>
    ${
    entity
      ? html`
        / <a href=${address("storyboard", storyboard_id, slot, entity)}>${entity}</a>
      `
      : nothing
  }`;
}

/** @param {any} row @param {Context} context */
function actions(row, context) {
  const { id, status, error_code, operation } = row;
  const { project } = context;
  const live = isLive(row);
  const { change, retry } = remediesOf(status === "failed" ? error_code : null);
  const paid = status === "failed" && (operation || error_code === "submission_uncertain");
  return html`
    ${live
      ? html`<button @click=${() => context.act(() => cancel(project, id))}>Cancel</button>`
      : nothing}
    ${status === "failed"
      ? html`<button class=${change ? "" : "primary"} @click=${() =>
        context.act(() => redrive(project, [id]))}>${retry ? "Retry" : "Retry as it is"}</button>`
      : nothing}
    ${live
      ? nothing
      : html`<a class="button ${change && status === "failed" ? "primary" : ""}" href=${
        address("again", id)
      }>${change ? "Change and send again" : "Send again"}</a>`}
    ${paid
      ? html`<button @click=${() =>
        context.act(() => payAgain(project, id))}>Submit again, and pay again</button>`
      : nothing}
  `;
}

/** @param {import("../data/project.js").Project} project @param {string} id */
async function payAgain(project, id) {
  if (!confirm("The video may have been paid for. Forget that one, and pay for another?")) {
    return "Nothing was sent.";
  }
  return await redrive(project, [id], { forget_operation: true });
}

/** @param {any} row */
function asset({ kind, asset_url, prompt, message }) {
  if (!asset_url) return nothing;
  return kind === "image"
    ? html`
      <a href=${ifDefined(link(asset_url))} target="_blank"
        rel="noreferrer"><img class="asset" src=${asset_url} alt=${prompt ?? ""}></a>
    `
    : html`
      <video class="asset" controls loop playsinline preload="metadata" src=${asset_url} poster=${ifDefined(
        link(message?.sourceImageUrl),
      )}
        aria-label=${prompt ?? "Video"}></video>
    `;
}

/**
 * @param {any} row
 * @param {Set<string>} broken
 * @param {(url: string) => void} onBroken
 */
function sources({ message }, broken, onBroken) {
  // Whatever the message has there: it may be what the job has failed of.
  const urls = [
    message?.sourceImageUrl,
    message?.sourceImageUrls,
    message?.lastFrameUrl,
    message?.referenceImageUrls,
  ];
  const shown = [...new Set(urls.flat().map(link))].filter((url) => url !== undefined);
  if (shown.length === 0) return nothing;
  return html`
    <h2>Made from</h2>
    <div class="sources">${shown.map((url) =>
      html`
        <a href=${url} target="_blank"
          rel="noreferrer">${broken.has(url)
            ? url
            : html`<img src=${url} alt="Source image" loading="lazy" @error=${() =>
              onBroken(url)}>`}</a>
      `
    )}</div>
  `;
}

/** @param {any} row */
function facts(row) {
  const took = row.finished_at && row.started_at
    ? duration((Date.parse(row.finished_at) - Date.parse(row.started_at)) / 1000)
    : undefined;
  /** @type {[string, unknown][]} */
  const all = [
    ["Prompt", row.prompt],
    ["Answer", answerOf(row)],
    ["Model", row.model ?? row.submission_model ?? row.leased_model ?? row.requested_model],
    ["Cost", row.cost_usd === null ? undefined : dollars(row.cost_usd)],
    ["Took", took],
    ["Attempts", row.attempts],
    ["Owner", row.owner],
    ["Priority", row.priority || undefined],
    ["Object", row.object_path],
    ["Entities", row.entities?.map(linkText).join("; ")],
    ["Id", row.id],
  ];
  return html`<dl class="facts">${
    all.filter(([, value]) => value !== null && value !== undefined && value !== "").map((
      [name, value],
    ) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

/** @param {any} row */
function steps(row) {
  const now = Date.now();
  return html`
    <h2>Steps</h2>
    <ol class="steps">${stepsOf(row).map(({ at, name, detail, after }) =>
      html`<li><time datetime=${at}>${clock(at, now)}</time><span><strong>${name}</strong> ${
        after === undefined
          ? nothing
          : html`<span class="quiet-text">after ${duration(after)}</span>`
      }
      ${detail ? html`<br>${detail}` : nothing}</span></li>`
    )}</ol>
  `;
}

/** @param {string} title @param {unknown} value */
function said(title, value) {
  if (value === null || value === undefined) return nothing;
  return html`
    <details ?open=${title === "Message as sent"}>
      <summary>${title}</summary>
      <pre tabindex="0"><code>${JSON.stringify(value, null, 2)}</code></pre>
    </details>
  `;
}
