// @ts-check
/**
 * The versions of a scene or character side by side, newest first, those that failed among them.
 *
 * @import { Card } from "../model/types.d.ts"
 * @import { Context } from "./view.d.ts"
 * @import { Form } from "./form.js"
 */
import { choose } from "../data/actions.js";
import { redrive } from "../data/redrive.js";
import { html, ifDefined, nothing, repeat } from "../lib/html.js";
import { address } from "../lib/route.js";
import { draftOf } from "../model/draft.js";
import { remediesOf } from "../model/remedy.js";
import { ago, dollars, link } from "../lib/text.js";
import { dragImage } from "./drag.js";
import { thumbnail } from "./thumbnail.js";

/** @param {{ card: Card, jobs: any[], context: Context, form: Form }} page */
export function versions({ card, jobs, context, form }) {
  if (jobs.length === 0) return nothing;
  return html`
    <h2>Versions <span class="quiet-text">${jobs.length}</span></h2>
    <ul class="versions">${repeat(
      jobs,
      ({ id }) => id,
      (job) => html`<li>${version(job, card, context, form)}</li>`,
    )}</ul>
  `;
}

/** @param {any} job @param {Card} card @param {Context} context @param {Form} form */
function version(job, card, context, form) {
  const { id, kind, status, prompt, asset_url, model, cost_usd, finished_at } = job;
  const isCurrent = card[/** @type {"image" | "video"} */ (kind)]?.job_id === id;
  const { project } = context;
  return html`<article class="version ${status}" aria-label="${kind} ${status}, ${
    ago(finished_at, Date.now())
  }">
    ${
    asset_url
      ? asset(job)
      : html`<span class="frame"><span class="blank">${
        status === "failed" ? "Failed" : "Cancelled"
      }</span></span>`
  }
    <p class="prompt">${prompt}</p>
    ${
    status === "failed"
      ? html`<p class="wrong">${job.error_message || job.error_code}</p>`
      : nothing
  }
    <p class="quiet-text"><a href=${address("job", id)}>${ago(finished_at, Date.now())}</a>
      ${model ? ` · ${model}` : nothing} ${cost_usd ? ` · ${dollars(cost_usd)}` : nothing}</p>
    <p class="actions">
      ${isCurrent ? html`<span class="tag">Current</span>` : nothing}
      ${
    status === "succeeded" && !isCurrent
      ? html`<button @click=${() =>
        context.act(() => choose(project, id))}>Make this the current one</button>`
      : nothing
  }
      ${
    status === "failed" && remediesOf(job.error_code).retry
      ? html`<button @click=${() => context.act(() => redrive(project, [id]))}>Retry</button>`
      : nothing
  }
      ${
    kind === "image" && asset_url
      ? html`
        <button class="quiet" @click=${() =>
          form.fill({ mode: "edit", fields: { sourceImageUrls: asset_url } })}>Edit</button>
        <button class="quiet" @click=${() =>
          form.fill({ mode: "animate", fields: { sourceImageUrl: asset_url } })}>Animate</button>
      `
      : nothing
  }
      <button class="quiet" @click=${() => form.fill(again(job, card.slot))}>Send again</button>
    </p>
  </article>`;
}

/** @param {any} job */
function asset({ kind, asset_url, prompt, message }) {
  if (kind === "image") {
    return html`
      <a class="frame" href=${ifDefined(link(asset_url))} target="_blank"
        rel="noreferrer"><img src=${thumbnail(asset_url, 320)} alt=${prompt ?? ""}
            loading="lazy" decoding="async" draggable="true" @dragstart=${dragImage(asset_url)}></a>
    `;
  }
  return html`<span class="frame"><video controls loop playsinline preload="metadata" src=${asset_url}
    poster=${ifDefined(link(message?.sourceImageUrl))} aria-label=${
    prompt ?? "Video"
  }></video></span>`;
}

/** The form that sends a message like this one, on the page of its scene or character. @param {any} job @param {Card["slot"]} slot */
function again(job, slot) {
  const { target, draft } = draftOf(job);
  if (target.slot === slot) return draft;
  // It is for a scene as well, and this is the page of its character.
  const { characterId: _, ...rest } = draft.rest ?? {};
  return { ...draft, rest: { ...rest, sceneId: target.id } };
}
