// One browser for a file of cases; a fresh profile per person. Whatever a page complains about fails its case.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { base } from "./system.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContextOptions} Options */

/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.LATCHKEY_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser?.close());

/** A person's browser: cookies and storage of its own, and what its pages complained about. */
export class Visitor {
  /** @type {string[]} */
  complaints = [];
  /** @type {number[]} */
  #expected = [];

  /** @param {import("playwright-core").BrowserContext} context */
  constructor(context) {
    this.context = context;
  }

  /** Answers of these statuses are part of the case; the browser's own line about them is no complaint. @param {...number} statuses */
  expect(...statuses) {
    this.#expected.push(...statuses);
  }

  /** @param {string} [path] */
  async open(path) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
      if (message.type() === "error" && !this.#expected.includes(status)) {
        this.complaints.push(`${message.text()} (${message.location().url})`);
      }
    });
    if (path) await page.goto(base + path);
    return page;
  }

  /** Whatever a page complained about: uncaught errors, console errors, violations of its Content-Security-Policy. */
  settle() {
    assert.deepEqual(this.complaints, []);
  }
}

/**
 * A case with as many people's browsers as it asks for.
 * @param {string} name
 * @param {(visit: (options?: Options) => Promise<Visitor>) => Promise<void>} run
 * @param {{ skip?: string | false }} [options]
 */
export function scene(name, run, { skip = false } = {}) {
  test(name, { skip, timeout: 90_000 }, async () => {
    /** @type {Visitor[]} */
    const visitors = [];
    try {
      await run(async (options) => {
        const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
        context.setDefaultTimeout(15_000);
        const visitor = new Visitor(context);
        visitors.push(visitor);
        return visitor;
      });
      for (const visitor of visitors) visitor.settle();
    } finally {
      await Promise.all(visitors.map(({ context }) => context.close()));
    }
  });
}
