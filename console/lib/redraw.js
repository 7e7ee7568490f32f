// @ts-check
/** Drawing the page again after something has changed: once, however much has changed. */

let draw = () => {};
let due = false;

/** @param {() => void} drawPage */
export function drawWith(drawPage) {
  draw = drawPage;
}

export function redraw() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    draw();
  });
}
