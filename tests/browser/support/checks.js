// What every page must be: accessible, narrow enough for a phone, and looked at.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @typedef {import("playwright-core").Page} Page */

const OUTPUT = new URL("../output/", import.meta.url);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * No violation of any rule that axe knows, best practices included.
 * @param {Page} page
 */
export async function accessible(page) {
  // Evaluated by the debugger: the page's own policy allows no foreign script, and stays as it is.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run(document));
  const told = violations.map((/** @type {any} */ { id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map((/** @type {any} */ node) => node.html),
  }));
  assert.deepEqual(told, []);
}

/**
 * The page as assistive technology gets it, exactly. `…` stands for any text.
 * @param {Page} page
 * @param {string} expected
 */
export async function reads(page, expected) {
  const dedent = (/** @type {string} */ text) => text.replace(/^\n|\s+$/g, "").replace(/^ {4}/gm, "");
  const found = await page.locator("body").ariaSnapshot();
  const shape = dedent(expected);
  const pattern = shape.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*?");
  if (!new RegExp(`^${pattern}$`, "s").test(found)) assert.equal(found, shape);
}

/** Nothing sticks out to the side. @param {Page} page */
export async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `the page is ${over} pixels wider than the window`);
}

/**
 * For people to look at.
 * @param {Page} page
 * @param {string} name
 */
export async function picture(page, name) {
  mkdirSync(OUTPUT, { recursive: true });
  await page.screenshot({ path: new URL(`${name}.png`, OUTPUT).pathname, fullPage: true, animations: "disabled" });
}
