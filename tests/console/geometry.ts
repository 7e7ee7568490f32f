/** Whether what a page shows is where it can be read. These functions run in the page. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** What is cut off, broken within a word, sticks out, lies over something else, or has the page scroll sideways. */
export function misplaced(): string[] {
  const VISIBLE = { contentVisibilityAuto: true, visibilityProperty: true };
  const faults: string[] = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} wide`);

  interface Item {
    what: string;
    element: Element;
    box: DOMRect;
  }

  /** The part of a box that its ancestors let be seen; undefined where it is not meant to be. */
  const shown = (what: string, from: Element, box: DOMRect): DOMRect | undefined => {
    for (let at: Element | null = from; at; at = at.parentElement) {
      const { overflowX, textOverflow, webkitLineClamp, clipPath, position } = getComputedStyle(at);
      // What is for screen readers alone, and what comes and goes above the page.
      if (clipPath !== "none" || position === "fixed") return undefined;
      if (overflowX === "visible") continue;
      const { left, top, right, bottom } = at.getBoundingClientRect();
      const [x, y] = [Math.max(box.x, left), Math.max(box.y, top)];
      const part = new DOMRect(
        x,
        y,
        Math.min(box.right, right) - x,
        Math.min(box.bottom, bottom) - y,
      );
      const isCut = part.width < box.width - 1 || part.height < box.height - 2;
      const isMeant = overflowX === "auto" || textOverflow === "ellipsis" ||
        webkitLineClamp !== "none";
      if (isCut && !isMeant) faults.push(`${what} is cut off`);
      if (part.width < 1 || part.height < 1) return undefined;
      box = part;
    }
    return box;
  };

  const items: Item[] = [];
  const add = (what: string, element: Element, box: DOMRect) => {
    const part = shown(what, element, box);
    if (part && part.right > 0) items.push({ what, element, box: part });
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent!.trim();
    const parent = node.parentElement!;
    if (text === "" || !parent.checkVisibility(VISIBLE)) continue;
    let block = parent;
    while (getComputedStyle(block).display === "inline") block = block.parentElement!;
    const { left, right } = block.getBoundingClientRect();
    const range = document.createRange();
    for (
      const { index, 0: word } of node.textContent!.matchAll(
        /(?<![\p{L}\p{N}])(?:\p{L}{2,16}|\$[\d.,]+)(?![\p{L}\p{N}])/gu,
      )
    ) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => top));
      if (lines.size > 1) faults.push(`"${text.slice(0, 60)}" is broken within ${word}`);
    }
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const scrolls = getComputedStyle(block).overflowX !== "visible";
      if (!scrolls && (box.left < left - 1 || box.right > right + 1)) {
        faults.push(`"${text.slice(0, 60)}" sticks out`);
      }
      add(`"${text.slice(0, 60)}"`, parent, box);
    }
  }
  for (const control of document.querySelectorAll("button, .button, input, select, textarea")) {
    if (!control.checkVisibility(VISIBLE)) continue;
    add(control.outerHTML.slice(0, 80), control, control.getBoundingClientRect());
  }
  for (const [index, one] of items.entries()) {
    for (const other of items.slice(index + 1)) {
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.x, other.box.x);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.y, other.box.y);
      if (across > 2 && down > 3) faults.push(`${one.what} lies over ${other.what}`);
    }
  }
  return [...new Set(faults)];
}

/** Texts of the page's own that a text of another direction has turned around. */
export function turnedAround(): string[] {
  const faults: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent!;
    if (/[\u202A-\u202E\u2066-\u2069]/.test(text)) continue;
    const boxes = text.slice(0, 100).split("").map((_, at) => {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      return range.getBoundingClientRect();
    });
    const isTurned = boxes.some(({ top, left }, at) =>
      boxes[at + 1]?.top === top && boxes[at + 1].left < left
    );
    if (isTurned) faults.push(text.trim());
  }
  return faults;
}
