// @ts-check
/** The one place that knows the library of templates. Every value in a template is text, never markup. */
import { nothing } from "../vendor/lit-html/lit-html.js";

export { html, nothing, render } from "../vendor/lit-html/lit-html.js";
export { repeat } from "../vendor/lit-html/directives/repeat.js";
export { guard } from "../vendor/lit-html/directives/guard.js";
export { keyed } from "../vendor/lit-html/directives/keyed.js";
export { live } from "../vendor/lit-html/directives/live.js";
export { ref } from "../vendor/lit-html/directives/ref.js";

/** The value of an attribute, which is left out when there is none. @param {unknown} value @returns {any} */
export function ifDefined(value) {
  return value ?? nothing;
}
