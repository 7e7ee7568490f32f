// @ts-check
/**
 * The versions of a scene or character side by side, newest first, those that failed among them.
 *
 * @import { Card, Made } from "../model/types.d.ts"
 * @import { Project } from "../data/project.js"
 * @import { Context } from "./view.d.ts"
 * @import { Form } from "./form.js"
 */
import { choose } from "../data/actions.js";
import { job } from "../data/readings.js";
import { redrive } from "../data/redrive.js";
import { html, ifDefined, nothing, repeat } from "../lib/html.js";
import { address } from "../lib/route.js";
import { draftOf } from "../model/draft.js";
import { remediesOf } from "../model/remedy.js";
import { ago, dollars, link } from "../lib/text.js";
import { dragImage } from "./drag.js";
import { advice } from "./failure.js";
import { NO_JOB } from "./no_job.js";
import { thumbnail } from "./thumbnail.js";

/** @param {{ card: Card, versions: Made[], more: boolean, context: Context, form: Form }} page */
export function versionList({ card, versions, more, context, form }) {
  if (versions.length === 0) return nothing;
  return html`
    <h2>Versions <span class="quiet-text">${more
      ? `the newest ${versions.length}`
      : versions.length}</span></h2>
    <ul class="versions">${repeat(
      versions,
      ({ job_id }) => job_id,
      (made) => html`<li>${version(made, card, context, form)}</li>`,
    )}</ul>
  `;
}

/** @param {Made} made @param {Card} card @param {Context} context @param {Form} form */
function version(made, card, context, form) {
  const { job_id: id, kind, status, prompt, url, model, cost_usd, finished_at } = made;
  const isCurrent = card[kind]?.job_id === id;
  const { project } = context;
  return html`<article class="version ${status}" aria-label="${kind} ${status}, ${
    ago(finished_at, Date.now())
  }">
    ${
    url
      ? asset(made)
      : html`<span class="frame"><span class="blank">${
        status === "failed" ? "Failed" : "Cancelled"
      }</span></span>`
  }
    <p class="prompt">${prompt}</p>
    ${
    status === "failed"
      ? html`
        <p class="wrong">${made.error_message || made.error_code}</p>
        <p class="quiet-text">${advice(made.error_code)}</p>
      `
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
    status === "failed" && remediesOf(made.error_code).retry
      ? html`<button @click=${() => context.act(() => redrive(project, [id]))}>Retry</button>`
      : nothing
  }
      ${
    kind === "image" && url
      ? html`
        <button class="quiet" @click=${() =>
          form.turnTo({ mode: "edit", fields: { sourceImageUrls: url } })}>Edit</button>
        <button class="quiet" @click=${() =>
          form.turnTo({ mode: "animate", fields: { sourceImageUrl: url } })}>Animate</button>
      `
      : nothing
  }
      <button class="quiet" @click=${() =>
    context.act(() => fillAgain(project, id, card.slot, form))}>Send again</button>
    </p>
  </article>`;
}

/** @param {Made} made */
function asset({ kind, url, prompt, source }) {
  if (kind === "image") {
    return html`
      <a class="frame" href=${ifDefined(link(url))} target="_blank"
        rel="noreferrer"><img src=${thumbnail(url, 320)} alt=${prompt ?? ""}
            loading="lazy" decoding="async" draggable="true" @dragstart=${dragImage(url)}></a>
    `;
  }
  return html`<span class="frame"><video controls loop playsinline preload="metadata" src=${url}
    poster=${ifDefined(link(source))} aria-label=${prompt ?? "Video"}></video></span>`;
}

/** Its message is read now: all of them may be long. @param {Project} project @param {string} id @param {Card["slot"]} slot @param {Form} form */
async function fillAgain(project, id, slot, form) {
  const sent = await job(project, id);
  if (!sent) return NO_JOB;
  form.turnTo(again(sent, slot));
  return "Its message is in the form.";
}

/** The form that sends a message like this one, on the page of its scene or character. @param {any} job @param {Card["slot"]} slot */
function again(job, slot) {
  const { target, draft } = draftOf(job);
  if (target.slot === slot) return draft;
  // It is for a scene as well, and this is the page of its character.
  const { characterId: _, ...rest } = draft.rest ?? {};
  return { ...draft, rest: { ...rest, sceneId: target.id } };
}
