// @ts-check
/**
 * The storyboards, the one that changed last first.
 *
 * @import { Context, View } from "./view.d.ts"
 */
import { storyboards } from "../data/readings.js";
import { html, repeat } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { ago } from "../lib/text.js";
import { thumbnail } from "./thumbnail.js";

/** @param {Context} context @returns {View} */
export function storyboardsView({ project, refresh: ask }) {
  /** @type {any[] | undefined} */
  let list;
  let search = "";

  async function refresh() {
    const asked = search;
    const found = await storyboards(project, asked);
    // Something else has been typed since then, and is asked for next.
    if (asked === search) list = found;
    redraw();
    return found.some(({ queued, running, waiting }) => queued + running + waiting > 0) ? 3 : 10;
  }

  /** @param {InputEvent} event */
  function look(event) {
    search = /** @type {HTMLInputElement} */ (event.target).value;
    ask();
  }

  const draw = () =>
    html`
      <div class="heading">
        <h1>Storyboards</h1>
        <input type="search" aria-label="Find a storyboard" placeholder="Find a storyboard"
          @input=${look}>
        <a class="button primary" href=${address("send", "")}>New job</a>
        <a class="button" href=${address("batch", "")}>Batch</a>
      </div>
      ${list === undefined
        ? html`<p class="quiet-text reading">Reading…</p>`
        : list.length === 0
        ? search
          ? html`<p class="quiet-text">No storyboard has this in its name.</p>`
          : nothingYet()
        : html`<ul class="storyboards">${
          repeat(list, ({ storyboard_id }) => storyboard_id, storyboard)
        }</ul>`}
    `;
  return { title: "Storyboards", refresh, draw };
}

/** @param {any} board */
function storyboard({ storyboard_id, updated_at, queued, running, waiting, failed, covers }) {
  const live = running + waiting;
  const what = [
    live > 0 && `${live} generating`,
    queued > 0 && `${queued} queued`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean).join(" · ");
  return html`
    <li>
      <a href=${address("storyboard", storyboard_id)}>
        <span class="covers" data-count=${Math.min(covers.length, 4)}>
            ${covers.map((/** @type {string} */ url) =>
              html`<img src=${thumbnail(url, 320)} alt="" loading="lazy" decoding="async">`
            )}
          </span>
        <span class="name">${storyboard_id}</span>
        <span class="quiet-text">${what || ago(updated_at, Date.now())}</span>
      </a>
    </li>
  `;
}

function nothingYet() {
  return html`
    <div class="empty">
      <h2>No storyboard yet</h2>
      <p>
          A storyboard begins with its first job: a message that says <code>storyboardId</code>, a
          <code>sceneId</code> or <code>characterId</code>, and a <code>prompt</code>. Send one here, or from SQL:
        </p>
      <pre><code>select pgmq.send('image_generation_queue',
      '{"storyboardId": "storyboard-001", "sceneId": "scene-001",
        "prompt": "A hero on a cliff"}');</code></pre>
      <p>
        <a class="button primary" href=${address("send", "storyboard-001")}>Make the first image</a>
        <a class="button" href=${address("batch", "storyboard-001")}>Send a batch</a>
      </p>
    </div>
  `;
}
