// With the keyboard alone: to a session, through the account, and out.

import assert from "node:assert/strict";

import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { at } from "../support/steps.js";
import { base, mail, person, tenant } from "../support/system.js";

/** @typedef {import("playwright-core").Page} Page */

const acme = await tenant();

scene("signing in, adding a passkey and signing out by keyboard", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await page.goto(`${base}/sign-in?tenant=${acme}`);
  await tabTo(page, "E-mail address");
  await page.keyboard.type(email);
  await page.keyboard.press("Enter");
  await at(page, "Check your mail");
  assert.equal(await focus(page), "Check your mail", "the focus is at the new step's heading");
  await tabTo(page, "Or type the code from the mail");
  await page.keyboard.type((await mail(email)).code);
  await page.keyboard.press("Enter");
  await at(page, "Skip the mail next time");
  await tabTo(page, "Not now");
  await page.keyboard.press("Enter");
  await at(page, "Your account");
  await page.getByRole("button", { name: "Add a passkey" }).waitFor();
  await tabTo(page, "Add a passkey");
  await page.keyboard.press("Space");
  await page.getByText(/^Added “.+”\./).waitFor();
  await device.present(false);
  await tabTo(page, /^Remove /);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal(await focus(page), "Cancel", "the safe answer is the one at hand");
  await page.keyboard.press("Escape");
  assert.match(await focus(page), /^Remove /, "the focus comes back");
  await tabTo(page, "Sign out", true);
  await page.keyboard.press("Enter");
  await at(page, "Sign in");
});

/**
 * Presses Tab until something with this name has the focus, and sees that the focus shows.
 * @param {Page} page
 * @param {string | RegExp} name
 * @param {boolean} [backwards]
 */
async function tabTo(page, name, backwards = false) {
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press(backwards ? "Shift+Tab" : "Tab");
    const found = await focus(page);
    if (typeof name === "string" ? found === name : name.test(found)) {
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(/** @type {Element} */ (document.activeElement));
        return style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
      });
      assert.ok(outline, `the focus on ${name} is seen`);
      return;
    }
  }
  assert.fail(`Tab never comes to ${name}`);
}

/** The accessible name of what has the focus, as far as these pages need it. @param {Page} page */
function focus(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined;
    return (element?.getAttribute("aria-label") ?? label ?? element?.textContent ?? "").trim();
  });
}
