// @ts-check
/**
 * One scene or character: what it shows now, what it was made from, its other versions, and making another.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Card } from "../model/types.d.ts"
 */
import { Board } from "../data/board.js";
import { standing, versions } from "../data/readings.js";
import { html, ifDefined, nothing } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { link } from "../lib/text.js";
import { emptyCard } from "../model/cards.js";
import { linkText, withoutRow } from "../model/links.js";
import { strip } from "./card.js";
import { dropTarget } from "./drag.js";
import { Form } from "./form.js";
import { versionList } from "./versions.js";

/** @param {{ storyboard: string, slot: string, id: string }} target @param {Context} context @returns {View} */
export function entityView(target, context) {
  const { storyboard, slot, id } = target;
  const { project } = context;
  const board = new Board(project, storyboard);
  const form = new Form(context, target, address("storyboard", storyboard, slot, id));
  let made = /** @type {Awaited<ReturnType<typeof versions>>} */ ({ versions: [], more: false });
  /** @type {unknown} */
  let entities;

  async function refresh() {
    const seconds = await board.refresh();
    if (entities !== board.entities) {
      made = await versions(project, storyboard, slot, id);
      entities = board.entities;
    }
    if (form.standing.length === 0) form.standing = await standing(project);
    redraw();
    return seconds;
  }

  const draw = () => {
    const key = `${slot}:${id}`;
    const card = board.card(key) ?? emptyCard(/** @type {Card["slot"]} */ (slot), id);
    // What the form begins with is what the page shows, whatever has it drawn.
    form.images = board.images;
    form.source = card.image?.url ?? "";
    // What is live again is shown as such.
    const live = new Set(card.jobs.map(({ id: job }) => job));
    const ended = made.versions.filter(({ job_id }) => !live.has(job_id));
    return html`
      <div class="heading">
        <p class="crumbs"><a href=${address("storyboard", storyboard)}>${storyboard}</a></p>
        <h1>${card.title ?? id}</h1>
        ${card.title ? html`<p class="quiet-text">${slot} ${id}</p>` : nothing}
      </div>
      <div class="entity">
        <div>
          <div class="stage" ${dropTarget(storyboard, context, (draft) => form.turnTo(draft))}>
            ${current(card)} ${unlinked(card, `${slot}:${storyboard}:${id}`)}
            ${card.jobs.map((job) => strip(job, board, context))}
          </div>
          ${versionList({ card, versions: ended, more: made.more, context, form })}
        </div>
        <aside aria-label="Make another">${form.draw()}</aside>
      </div>
    `;
  };
  return { title: id, refresh, draw };
}

/** @param {Card} card */
function current({ image, video }) {
  if (!image && !video) {
    return html`<div class="frame big"><span class="blank">No image or video yet</span></div>`;
  }
  return html`<div class="current">
    ${
    image
      ? html`<figure>${before(image)}<img src=${image.url} alt=${
        image.prompt ?? ""
      }><figcaption>${image.prompt}</figcaption></figure>`
      : nothing
  }
    ${
    video
      ? html`
        <figure>
          <video controls loop playsinline preload="metadata" src=${video.url} poster=${ifDefined(
            link(video.source) ?? image?.url,
          )}
            aria-label=${video.prompt ?? "Video"}></video>
          <figcaption>${video.prompt}</figcaption>
        </figure>
      `
      : nothing
  }
  </div>`;
}

/** That the project does not show it, as it has no such scene or character. @param {Card} card @param {string} key */
function unlinked({ image, video }, key) {
  const missing = [image, video].flatMap((shown) => withoutRow(shown?.entities))
    .find((link) => link.key === key);
  return missing ? html`<p class="quiet-text">${linkText(missing)}</p>` : nothing;
}

/** Of an edit: the picture before. @param {import("../model/types.d.ts").Version} image */
function before({ source }) {
  const url = link(source);
  return url
    ? html`<div class="before"><img src=${url} alt="Before the edit"><span>Before</span></div>`
    : nothing;
}
