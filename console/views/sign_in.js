// @ts-check
/**
 * Asking for a project and its key.
 *
 * @import { Problem, Session } from "../data/project.js"
 */
import { html, nothing } from "../lib/html.js";
import { banner } from "./frame.js";

/**
 * @param {{ suggested: string, problem?: Problem, onSession: (session: Session) => void }} page
 */
export function signIn({ suggested, problem, onSession }) {
  return html`<main id="main" class="sign-in">
    <h1>Generation queue</h1>
    <p>See a storyboard grow: its images and videos, what waits and why, and what it costs.</p>
    ${problem ? banner(problem) : nothing}
    <form @submit=${(/** @type {SubmitEvent} */ event) => submit(event, onSession)}>
      <label>
        Project URL
        <input name="url" type="url" required .value=${suggested} placeholder="https://YOUR_PROJECT.supabase.co"
          autocomplete="off" spellcheck="false">
      </label>
      <label>
        Key
        <input name="key" type="password" required autocomplete="off" spellcheck="false"
          aria-describedby="key-help">
      </label>
      <p id="key-help" class="help">
        The service_role key. It stays in this tab and is gone when you close it. A hosted project refuses
        its newer secret keys in browsers: for those, start the console with
        <code>deno task console --env-file .env</code>.
      </p>
      <button class="primary">Open</button>
    </form>
  </main>`;
}

/** @param {SubmitEvent} event @param {(session: Session) => void} onSession */
function submit(event, onSession) {
  event.preventDefault();
  const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const url = String(fields.get("url")).trim().replace(/\/+$/, "");
  onSession({ url, key: String(fields.get("key")).trim() });
}
