// What people do, in words: each step finds things by role and label, as a person or a screen reader would.

import assert from "node:assert/strict";

import { base, mail } from "./system.js";

/** @typedef {import("playwright-core").Page} Page */

/**
 * Waits for a step of a page: its heading is shown and has the focus.
 * @param {Page} page
 * @param {string} heading
 */
export async function at(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
}

/**
 * Presses a button.
 * @param {Page} page
 * @param {string | RegExp} name
 */
export async function press(page, name) {
  await page.getByRole("button", { name, exact: typeof name === "string" }).click();
}

/**
 * Asks for a mail.
 * @param {Page} page at the sign-in page
 * @param {string} email
 */
export async function askForMail(page, email) {
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Continue with e-mail");
  await at(page, "Check your mail");
}

/** The number on the waiting screen. @param {Page} page */
export async function digits(page) {
  const shown = await page.locator(".match strong").innerText();
  assert.match(shown, /^\d\d$/);
  return shown;
}

/**
 * Types a code on the waiting screen.
 * @param {Page} page
 * @param {string} code
 */
export async function typeCode(page, code) {
  await page.getByLabel("Or type the code from the mail").fill(code);
  await press(page, "Continue");
}

/**
 * Signs in by the typed code and declines the passkey offer if it comes.
 * @param {Page} page
 * @param {string} email
 * @param {string} tenant
 */
export async function signInByCode(page, email, tenant) {
  await page.goto(`${base}/sign-in?tenant=${tenant}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await skipOffer(page);
  await at(page, "Your account");
  await page.getByRole("heading", { name: "Devices" }).waitFor();
}

/** Goes past the passkey offer, if it is made. @param {Page} page */
export async function skipOffer(page) {
  const skip = page.getByRole("button", { name: "Not now" });
  const account = page.getByRole("heading", { level: 1, name: "Your account" });
  await skip.or(account).waitFor();
  if (await skip.isVisible()) await skip.click();
}

/** The text of the region that tells how it goes. @param {Page} page */
export async function status(page) {
  const region = page.getByRole("status").filter({ visible: true, hasText: /./ });
  return region.first().innerText();
}

/**
 * Signs in by the passkey button, the person being there for just this. Before, the page has been offering passkeys in its field.
 * @param {Page} page at the sign-in page
 * @param {import("./authenticator.js").Authenticator} device whose person was away
 * @param {() => Promise<unknown>} outcome
 */
export async function usePasskey(page, device, outcome) {
  // The request that waits in the field has to be there first: the person coming back is not to answer that one.
  await page.waitForTimeout(400);
  await device.present(true);
  await press(page, "Use a passkey");
  await outcome();
  await device.present(false);
}
