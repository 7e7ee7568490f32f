// @ts-check
/**
 * A small plot over time, and what it shows in words for those who cannot see it: hundreds of numbers say nothing
 * when they are read one by one.
 *
 * @import { Series } from "../model/series.js"
 */
// @ts-types="../vendor/uplot/uPlot.d.ts"
import UPlot from "../vendor/uplot/uPlot.esm.js";
import { html } from "../lib/html.js";
import { summaryOf, tickText, timeText } from "../model/series.js";

const HEIGHT = 150;
/** Tones of the ink: plots are not pictures. */
const TONES = ["--ink", "--soft", "--faint"];
/** What tells lines apart beside their tone, in the plot and in its legend. */
const LINES = [
  { css: "solid", dash: undefined },
  { css: "dashed", dash: [5, 3] },
  { css: "dotted", dash: [1.5, 2.5] },
];

class TimePlot extends HTMLElement {
  /** @type {any} */
  #plot;
  /** @type {Series | undefined} */
  #series;
  #drawn = "";
  #size = new ResizeObserver(() => this.#draw());

  /** @param {Series} series */
  set series(series) {
    this.#series = series;
    this.#draw();
  }

  connectedCallback() {
    this.#size.observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#again);
  }

  disconnectedCallback() {
    this.#size.disconnect();
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#again);
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#drawn = "";
  }

  #again = () => {
    this.#drawn = "";
    this.#draw();
  };

  #draw() {
    const width = Math.floor(this.clientWidth);
    if (!this.#series || width === 0) return;
    const state = JSON.stringify([width, this.#series.data]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    this.#plot?.destroy();
    this.#plot = new UPlot(
      options(this.#series, width, this),
      /** @type {any} */ (this.#series.data),
      this,
    );
  }
}
customElements.define("time-plot", TimePlot);

/** @param {Series} series @param {number} width @param {Element} element @returns {any} */
function options({ names, unit, bars, step }, width, element) {
  const style = getComputedStyle(element);
  const ink = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const grid = { stroke: ink("--line"), width: 1 };
  const font = "11px system-ui, sans-serif";
  return {
    width,
    height: HEIGHT,
    cursor: { y: false },
    legend: {
      live: true,
      markers: {
        width: 2,
        dash: (/** @type {any} */ _plot, /** @type {number} */ index) =>
          bars ? "solid" : LINES[index - 1].css,
      },
    },
    scales: {
      x: { range: rangeOfTimes(bars ? step / 2 : 0) },
      y: {
        range: (
          /** @type {any} */ _plot,
          /** @type {number} */ _low,
          /** @type {number} */ high,
        ) => [0, Math.max(high * 1.1, 0.001)],
      },
    },
    axes: [
      {
        stroke: ink("--soft"),
        grid: { show: false },
        ticks: { show: false },
        font,
        space: 75,
        values: (/** @type {any} */ _plot, /** @type {number[]} */ all) =>
          all.map((time) => tickText(time, step)),
      },
      {
        stroke: ink("--soft"),
        grid,
        ticks: { show: false },
        font,
        size: 62,
        values: (/** @type {any} */ _plot, /** @type {number[]} */ all) => all.map(unit),
      },
    ],
    series: [
      {
        value: (/** @type {any} */ _plot, /** @type {number | null} */ time) =>
          time === null ? "" : timeText(time, step),
      },
      ...names.map((label, index) => ({
        label,
        stroke: ink(TONES[index]),
        width: 1.5,
        dash: bars ? undefined : LINES[index].dash,
        fill: bars ? ink(TONES[index]) : undefined,
        paths: bars ? UPlot.paths.bars?.({ size: [0.6, 24] }) : undefined,
        points: { show: !bars, size: 4, fill: ink(TONES[index]) },
        value: (/** @type {any} */ _plot, /** @type {number | null} */ value) =>
          value === null ? "–" : unit(value),
      })),
    ],
  };
}

/** A bar stands on both sides of its time. @param {number} beside in seconds */
function rangeOfTimes(beside) {
  return (/** @type {any} */ _plot, /** @type {number} */ from, /** @type {number} */ to) => [
    from - beside,
    to + beside,
  ];
}

/** @param {string} title @param {Series} series */
export function plot(title, series) {
  const [times] = series.data;
  return html`<figure class="plot">
    <figcaption>${title}</figcaption>
    ${
    times.length === 0 ? html`<p class="quiet-text">Nothing in this time.</p>` : html`
      <time-plot aria-hidden="true" class=${series.bars
        ? ""
        : "lines"} .series=${series}></time-plot>
      <p class="for-readers">${summaryOf(series).join(
        " ",
      )}</p>
    `
  }
  </figure>`;
}
