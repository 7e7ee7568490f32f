// @ts-check
/**
 * What surrounds every view: where to go, what went wrong, what an action led to.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Problem } from "../data/project.js"
 * @import { Route } from "../lib/route.js"
 */
import { runWorkers } from "../data/actions.js";
import { html, ifDefined, keyed, nothing } from "../lib/html.js";
import { address } from "../lib/route.js";
import { redraw } from "../lib/redraw.js";

/**
 * @param {{ context: Context, view: View, problem?: Problem, route: Route, onLeave: () => void }} page
 */
export function frame({ context, view, problem, route, onLeave }) {
  const places = /** @type {Record<string, string>} */ ({
    queue: "queue",
    failed: "queue",
    job: "",
    again: "",
    unknown: "",
  });
  const place = places[route.view] ?? "storyboards";
  /** @param {string} name @param {string} text */
  const item = (name, text) =>
    html`<a href=${address(name)} aria-current=${
      ifDefined(place === name ? "page" : undefined)
    }>${text}</a>`;
  const { project } = context;
  return html`
    <a class="skip" href="#main" @click=${toMain}>Skip to the content</a>
    <header class="top">
      <nav aria-label="Views">${item("storyboards", "Storyboards")} ${item("queue", "Queue")}</nav>
      <span class="project" title=${project.name}>${hostOf(project.name)}</span>
      <button class="quiet" @click=${() =>
        context.act(() => runWorkers(project))}>Run workers</button>
      ${project.key ? html`<button class="quiet" @click=${onLeave}>Sign out</button>` : nothing}
    </header>
    ${problem
      ? banner(problem, project.key && problem.kind === "key" ? onLeave : undefined)
      : nothing}
    <div class="notice" role="status" ?hidden=${!context.notice}>
      <span>${context.notice?.said}</span>
      ${context.notice?.again
        ? html`<a class="button" href=${address("again", context.notice.again)}>Send again</a>`
        : nothing}
      <button class="quiet" aria-label="Close" @click=${() => dismiss(context)}>×</button>
    </div>
    <main id="main" tabindex="-1">${keyed(view, view.draw())}</main>
  `;
}

/** @param {Problem} problem @param {() => void} [onOtherKey] */
export function banner(problem, onOtherKey) {
  return html`<div class="problem" role="alert">
    <strong>${problem.message}</strong> ${problem.remedy}
    ${["unreachable", "unanswered"].includes(problem.kind) ? "The page keeps trying." : nothing}
    ${onOtherKey ? html`<button @click=${onOtherKey}>Enter another key</button>` : nothing}
  </div>`;
}

/** @param {Event} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {Context} context */
function dismiss(context) {
  context.notice = undefined;
  redraw();
}

/** @param {string} url */
function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host : url;
}
