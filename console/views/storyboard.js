// @ts-check
/**
 * One storyboard: its scenes and characters as cards.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Card } from "../model/types.d.ts"
 */
import { Board } from "../data/board.js";
import { cancelAll } from "../data/cancel.js";
import { redrive } from "../data/redrive.js";
import { guard, html, nothing, repeat } from "../lib/html.js";
import { redraw } from "../lib/redraw.js";
import { address } from "../lib/route.js";
import { count } from "../lib/text.js";
import { remediesOf } from "../model/remedy.js";
import { card } from "./card.js";
import { thumbnailServers } from "./thumbnail.js";

/** @param {string} id @param {Context} context @returns {View} */
export function storyboardView(id, context) {
  const board = new Board(context.project, id);
  let next = 1;
  const cancelling = { of: 0, done: 0 };

  async function refresh() {
    next = await board.refresh();
    redraw();
    return next;
  }

  const draw = () => {
    const { scenes, characters, others } = board.cards;
    const isEmpty = board.known && scenes.length + characters.length + others.length === 0;
    return html`
      <div class="heading">
        <h1>${id}</h1>
        ${isEmpty ? nothing : actions(board, context, cancelling)}
      </div>
      ${board.known ? nothing : html`<p class="quiet-text reading">Reading…</p>`}
      ${isEmpty ? nothingYet(id) : nothing}
      ${board.more
        ? html`<p class="quiet-text">This storyboard has more than can be shown here.</p>`
        : nothing}
      ${section("Scenes", "scenes", scenes, board, context)}
      ${section("Characters", "characters", characters, board, context)}
      ${section("Without scene or character", "others", others, board, context)}
    `;
  };
  return { title: id, refresh, draw };
}

/**
 * @param {string} name
 * @param {string} className
 * @param {Card[]} cards
 * @param {Board} board
 * @param {Context} context
 */
function section(name, className, cards, board, context) {
  if (cards.length === 0) return nothing;
  return html`
    <section aria-label=${name}>
      <h2>${name} <span class="quiet-text">${cards.length}</span></h2>
      <ul class="cards ${className}">
          ${repeat(cards, ({ key }) => key, (each) =>
            html`<li>${
              // A card on which nothing goes on need not be drawn again.
              guard([each, each.jobs.length > 0 ? board.now : 0, thumbnailServers()], () =>
                card(each, board, context))}</li>`)}
        </ul>
    </section>
  `;
}

/**
 * What there is, and what can be done with it.
 *
 * @param {Board} board
 * @param {Context} context
 * @param {Progress} cancelling
 */
function actions(board, context, cancelling) {
  return html`
    <p class="quiet-text">${summary(board)}</p>
    <a class="button primary" href=${address("send", board.id)}>New job</a>
    <a class="button" href=${address("batch", board.id)}>Batch</a>
    ${bulk(board, context, cancelling)}
  `;
}

/** @param {Board} board */
function summary({ cards, jobs }) {
  const working = jobs.filter(({ status }) => status !== "queued").length;
  const failed =
    cards.scenes.concat(cards.characters, cards.others).filter(({ failures }) =>
      failures.length > 0
    ).length;
  return [
    cards.scenes.length > 0 && count(cards.scenes.length, "scene"),
    cards.characters.length > 0 && count(cards.characters.length, "character"),
    working > 0 && `${working} generating`,
    jobs.length > working && `${jobs.length - working} queued`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean).join(" · ");
}

/**
 * What is done to many jobs at once.
 *
 * @typedef {{ of: number, done: number }} Progress of: 0 when nothing is being done
 * @param {Board} board
 * @param {Context} context
 * @param {Progress} cancelling
 */
function bulk(board, context, cancelling) {
  const { scenes, characters, others } = board.cards;
  const failed = [
    ...new Set(
      [...scenes, ...characters, ...others].flatMap(({ failures }) =>
        failures.filter(({ error_code }) => remediesOf(error_code).retry)
          .map(({ job_id }) => job_id ?? "")
      ),
    ),
  ];
  const waiting = board.jobs.filter(({ status }) => status === "queued");
  const { project } = context;
  return html`
    ${failed.length > 0
      ? html`<button @click=${() => context.act(() => redrive(project, failed))}>Retry ${
        count(failed.length, "failed job")
      }</button>`
      : nothing}
    ${cancelling.of > 0
      ? html`<button disabled>Cancelling ${cancelling.done + 1} of ${cancelling.of}…</button>`
      : waiting.length > 1
      ? html`<button @click=${() =>
        context.act(() => cancelQueued(context, waiting.map(({ id }) => id), cancelling))}>
          Cancel ${waiting.length} queued
        </button>`
      : nothing}
  `;
}

/** @param {Context} context @param {string[]} ids @param {Progress} cancelling */
async function cancelQueued({ project }, ids, cancelling) {
  if (!confirm(`Cancel ${count(ids.length, "queued job")}?`)) return "Nothing was cancelled.";
  const progress = (/** @type {number} */ done) => {
    Object.assign(cancelling, { of: ids.length, done: Math.min(done, ids.length - 1) });
    redraw();
  };
  progress(0);
  try {
    return await cancelAll(project, ids, progress);
  } finally {
    cancelling.of = 0;
  }
}

/** @param {string} id */
function nothingYet(id) {
  return html`
    <div class="empty">
      <h2>Nothing here yet</h2>
      <p>
          Send the first image of a scene or a character. It appears here as soon as it is sent, says why it waits, and
          becomes a picture by itself. Then edit it, or let it move.
        </p>
      <p>
        <a class="button primary" href=${address("send", id)}>Make an image</a>
        <a class="button" href=${address("batch", id)}>Send a batch</a>
      </p>
    </div>
  `;
}
