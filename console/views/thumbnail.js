// @ts-check
/**
 * Small images, where Storage can make them. Not every project can, so the first address is tried; until it is
 * known, and where it cannot, the address is that of the image itself.
 */
import { redraw } from "../lib/redraw.js";

const PUBLIC = "/storage/v1/object/public/";
/** @type {Map<string, boolean>} */
const makesThumbnails = new Map();

/** How many servers are known to make thumbnails: what was drawn with fewer is to be drawn again. */
export function thumbnailServers() {
  return [...makesThumbnails.values()].filter(Boolean).length;
}

/** @param {string} url @param {number} width in pixels of the page */
export function thumbnail(url, width) {
  if (!URL.canParse(url)) return "";
  const { origin, hostname, pathname, protocol } = new URL(url);
  if (!protocol.startsWith("http")) return "";
  if (!pathname.startsWith(PUBLIC) || /^(localhost|127\.|\[::1\])/.test(hostname)) return url;
  const small = new URL(pathname.replace(PUBLIC, "/storage/v1/render/image/public/"), origin);
  small.search = new URLSearchParams({ width: `${2 * width}`, resize: "contain" }).toString();
  if (!makesThumbnails.has(origin)) tryIt(origin, small.href);
  return makesThumbnails.get(origin) ? small.href : url;
}

/** @param {string} origin @param {string} address */
function tryIt(origin, address) {
  makesThumbnails.set(origin, false);
  const probe = new Image();
  probe.onload = () => {
    makesThumbnails.set(origin, true);
    redraw();
  };
  probe.src = address;
}
