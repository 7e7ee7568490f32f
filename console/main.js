// @ts-check
/**
 * The page: which project, which view, and drawing it.
 *
 * @import { Result } from "./model/types.d.ts"
 * @import { Context, View } from "./views/view.d.ts"
 * @import { Session } from "./data/project.js"
 */
import { Changes } from "./data/changes.js";
import { Poller } from "./data/poller.js";
import { Problem, Project, wordsOf } from "./data/project.js";
import { forgetSession, keepSession, openSession, suggestedUrl } from "./data/session.js";
import { arrive, settle } from "./lib/arrival.js";
import { render } from "./lib/html.js";
import { drawWith, redraw } from "./lib/redraw.js";
import { routeOf } from "./lib/route.js";
import { prefill } from "./views/form.js";
import { frame } from "./views/frame.js";
import { signIn } from "./views/sign_in.js";
import { viewOf } from "./views/view.js";

const page = /** @type {HTMLElement} */ (document.getElementById("page"));

/** @type {{ context?: Context, view?: View, poller?: Poller, changes?: Changes, problem?: Problem, suggested: string }} */
const state = { suggested: "" };

drawWith(() => {
  const { context, view, problem, suggested } = state;
  if (!context || !view) return render(signIn({ suggested, problem, onSession: enter }), page);
  document.title = `${view.title} · Generation queue`;
  render(frame({ context, view, problem, route: routeOf(location.hash), onLeave: leave }), page);
});

addEventListener("hashchange", () => {
  const place = arrive();
  show({ place });
  queueMicrotask(() => settle(place));
});

/** @param {Session} session @param {boolean} [typed] */
function enter(session, typed = true) {
  if (typed) keepSession(session);
  state.context = {
    project: new Project(session),
    async act(action) {
      const began = state.view;
      const result = await resultOf(action);
      // Who has gone elsewhere meanwhile stays there, and is told there only of what was not done.
      if (state.view !== began && !result.failed) return this.refresh();
      // The view of another address begins without a notice.
      if (result.goTo && result.goTo !== location.hash) {
        const there = new Promise((resolve) =>
          addEventListener("hashchange", resolve, { once: true })
        );
        location.hash = result.goTo;
        await there;
      }
      this.notice = result.said ? result : undefined;
      redraw();
      this.refresh();
    },
    refresh: () => void state.poller?.now(),
  };
  state.changes?.close();
  const { project } = state.context;
  state.changes = project.realtime
    ? new Changes(project.url, () => state.poller?.soon())
    : undefined;
  show();
  if (typed) queueMicrotask(() => settle());
}

/** @param {() => Promise<string | Result>} action @returns {Promise<Result>} */
async function resultOf(action) {
  try {
    const result = await action();
    return typeof result === "string" ? { said: result } : result;
  } catch (problem) {
    return { said: wordsOf(problem), failed: true };
  }
}

function leave() {
  forgetSession();
  prefill(undefined);
  state.poller?.stop();
  location.hash = "";
  Object.assign(state, { context: undefined, view: undefined, problem: undefined });
  redraw();
}

/**
 * Makes the view of the address, and has it read what it shows.
 *
 * @param {{ place?: import("./lib/arrival.js").Left }} [arrival] by which the reader has come from another one
 */
function show(arrival) {
  const { context } = state;
  if (!context) return;
  state.poller?.stop();
  state.problem = undefined;
  context.notice = undefined;
  const view = viewOf(routeOf(location.hash), context);
  state.view = view;
  redraw();
  state.poller = new Poller(() => refresh(view), (problem, failures) => {
    report(problem, failures);
    const arrived = arrival;
    if (arrived) queueMicrotask(() => settle(arrived.place, true));
    arrival = undefined;
  });
}

/** Where changes are heard, asking is for what changes without a job: limits, models, other storyboards. */
const SELDOM = 15;

/** @param {View} view @returns {Promise<number>} */
async function refresh(view) {
  const seconds = await view.refresh();
  return state.changes?.connected ? Math.max(SELDOM, seconds) : seconds;
}

/** @param {unknown} problem @param {number} failures how many in a row */
function report(problem, failures) {
  const known = problem instanceof Problem || problem === undefined;
  const found = known
    ? problem
    : new Problem("refused", `${/** @type {Error} */ (problem).message}`, "");
  // One lost reply is no trouble: the next request is about to be made.
  if (found?.kind === "unreachable" && failures === 1) return;
  state.problem = found;
  redraw();
}

// Times and estimates go on by themselves.
setInterval(() => document.hidden || redraw(), 1000);

const session = await openSession();
if (session) enter(session, false);
else {
  state.suggested = await suggestedUrl();
  redraw();
}
