// @ts-check
/**
 * A scene or character in its storyboard: its picture, what goes on, and why a job failed.
 *
 * @import { Card, LiveJob } from "../model/types.d.ts"
 * @import { Context } from "./view.d.ts"
 * @import { Board } from "../data/board.js"
 */
import { cancel } from "../data/cancel.js";
import { redrive } from "../data/redrive.js";
import { html, ifDefined, nothing } from "../lib/html.js";
import { address } from "../lib/route.js";
import { nameOf } from "../model/cards.js";
import { remediesOf } from "../model/remedy.js";
import { standingOf } from "../model/standing.js";
import { dragImage, dropTarget } from "./drag.js";
import { advice, changeLink } from "./failure.js";
import { prefill } from "./form.js";
import { details } from "./standing.js";
import { thumbnail } from "./thumbnail.js";

/** @param {Card} card @param {Board} board @param {Context} context */
export function card(card, board, context) {
  const { slot, id, image, video, failures, jobs } = card;
  const place = slot === "job" ? address("job", id) : address("storyboard", board.id, slot, id);
  const name = nameOf(card);
  const prompt = jobs[0]?.prompt ?? image?.prompt ?? video?.prompt ?? failures[0]?.prompt;
  return html`<article class="card" aria-label=${name} ${
    slot === "job" ? nothing : dropTarget(board.id, context, (draft) => {
      prefill({ draft, address: place });
      return place;
    })
  }>
    <a class="frame" href=${place} aria-label=${
    alternative(card, name)
  } @mouseenter=${play} @focus=${play} @mouseleave=${pause} @blur=${pause}>
      ${picture(card)}
    </a>
    <h3><a href=${place}>${name}</a></h3>
    <p class="prompt">${prompt === name ? nothing : prompt ?? "No image or video yet"}</p>
    <p class="quiet-text">${versions(card)}</p>
    ${jobs.map((job) => strip(job, board, context))}
    ${failures.map((failure) => failed(failure, context))}
  </article>`;
}

/** @param {Card} card */
function picture(card) {
  const { image, video } = card;
  if (video) {
    const poster = video.source ?? image?.url;
    return html`
      <video muted loop playsinline tabindex="-1" aria-hidden="true" preload=${poster
        ? "none"
        : "metadata"} src=${video.url}
        poster=${ifDefined(poster ? thumbnail(poster, 480) || poster : undefined)}></video>
      <span class="mark" aria-hidden="true">▶</span>
    `;
  }
  if (image) {
    return html`
      <img src=${thumbnail(image.url, 480)} alt="" loading="lazy" decoding="async"
        draggable="true" @dragstart=${dragImage(image.url)}>
    `;
  }
  return html`<span class="blank ${card.jobs.length > 0 ? "working" : ""}">${
    blankText(card)
  }</span>`;
}

/** What the frame of a card shows, in words. @param {Card} card @param {string} name */
function alternative(card, name) {
  const { image, video } = card;
  const shown = video ?? image;
  if (!shown) return `${name}: ${blankText(card) || "in the making"}`;
  return `${name}: ${video ? "video" : "image"}${shown.prompt ? `, ${shown.prompt}` : ""}`;
}

/** What stands where a picture is to be. @param {Card} card */
function blankText({ image, video, jobs, failures }) {
  if (image || video || jobs.length > 0) return "";
  return failures.length > 0 ? "Failed" : "No image yet";
}

/** @param {LiveJob} job @param {Board} board @param {Context} context */
export function strip(job, board, context) {
  const standing = standingOf(job, { now: board.now, latency: board.latency[job.kind] });
  return html`<div class="strip ${standing.tone}">
    <a href=${address("job", job.id)}><strong>${
    job.kind === "video" ? "Video: " : nothing
  }${standing.word}</strong></a>
    <button class="quiet" aria-label="Cancel this job" @click=${() =>
    context.act(() => cancel(context.project, job.id))}>Cancel</button>
    ${details(standing)}
  </div>`;
}

/** @param {import("../model/types.d.ts").Version} failure @param {Context} context */
function failed({ job_id = "", kind, error_code, error_message }, context) {
  return html`
    <div class="strip failed">
      <a href=${address("job", job_id)}><strong>${kind === "video"
        ? "Video failed"
        : "Image failed"}</strong></a>
      ${remediesOf(error_code).retry
        ? html`<button class="quiet" @click=${() =>
          context.act(() => redrive(context.project, [job_id]))}>Retry</button>`
        : nothing}
      <span class="words" title=${error_message || error_code}>${error_message || error_code}</span>
      ${advice(error_code)} ${changeLink(job_id, error_code)}
    </div>
  `;
}

/** @param {Card} card */
function versions({ images, videos }) {
  return [
    images > 1 && `${images} images`,
    videos > 0 && (videos > 1 ? `${videos} videos` : "1 video"),
  ].filter(Boolean).join(" · ");
}

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {Event} event */
function play({ currentTarget }) {
  if (CALM.matches) return;
  // It may be refused, or be interrupted by a pause; both are fine.
  /** @type {HTMLElement} */ (currentTarget).querySelector("video")?.play().catch(() => {});
}

/** @param {Event} event */
function pause({ currentTarget }) {
  const video = /** @type {HTMLElement} */ (currentTarget).querySelector("video");
  if (!video) return;
  video.pause();
  // The poster again.
  video.load();
}
