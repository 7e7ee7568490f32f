// @ts-check
/**
 * Hears from Realtime that jobs have changed, where the server of this page passes it on. It only says that there is
 * something to read: what is read is always the answer to a request.
 */

const HEARTBEAT = 25_000;
/** Changes that come together are read together. In milliseconds. */
const TOGETHER = 250;
const LONGEST_PAUSE = 60_000;

export class Changes {
  /** Whether changes are heard, so that nothing has to be asked for often. */
  connected = false;
  /** @type {WebSocket | undefined} */
  #socket;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #due;

  /** @param {string} url of the server that passes it on @param {() => void} changed */
  constructor(url, changed) {
    this.url = `${url.replace(/^http/, "ws")}/realtime/v1/websocket?vsn=1.0.0`;
    this.changed = changed;
    this.#connect();
  }

  #connect() {
    const socket = this.#socket = new WebSocket(this.url);
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let beating;
    /** @param {string} topic @param {string} event @param {unknown} payload */
    const send = (topic, event, payload) =>
      socket.send(JSON.stringify({ topic, event, payload, ref: "1", join_ref: "1" }));
    socket.onopen = () => {
      const table = { event: "*", schema: "public", table: "generation_jobs" };
      send("realtime:console", "phx_join", { config: { postgres_changes: [table] } });
      beating = setInterval(() => send("phoenix", "heartbeat", {}), HEARTBEAT);
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => {
      clearInterval(beating);
      this.connected = false;
      if (this.#socket !== socket) return;
      const pause = Math.min(LONGEST_PAUSE, 2000 * 2 ** this.#failures++);
      setTimeout(() => this.#socket === socket && this.#connect(), pause);
    };
  }

  /** @param {string} data */
  #hear(data) {
    const { topic, event, payload } = JSON.parse(data);
    if (topic !== "realtime:console") return;
    // The reply to the join is about the channel. Whether changes are told on it is said later, and may change: the
    // table may be in no publication.
    if (event === "system" && payload.extension === "postgres_changes") {
      this.connected = payload.status === "ok";
      if (!this.connected) return;
      this.#failures = 0;
      // What changed before was not told.
      return this.#tell();
    }
    if (event === "phx_error" || event === "phx_close") return this.#socket?.close();
    if (event === "postgres_changes") this.#tell();
  }

  #tell() {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.changed();
    }, TOGETHER);
  }

  close() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    clearTimeout(this.#due);
  }
}
