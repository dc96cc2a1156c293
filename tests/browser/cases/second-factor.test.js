// An authenticator app and recovery codes: set up, asked for, used up, removed.

import assert from "node:assert/strict";

import { code } from "../support/app.js";
import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { askForMail, at, press, signInByCode, skipOffer, status, typeCode } from "../support/steps.js";
import { admin, base, mail, person, tenant } from "../support/system.js";

/** @typedef {import("playwright-core").Page} Page */

const ALWAYS = { second_factor: { value: "always" } };

/**
 * Sets up an app on the account page; its key.
 * @param {Page} page
 */
async function setUp(page) {
  await press(page, "Set up an authenticator app");
  const region = page.getByRole("region", { name: "Second factor" });
  await region.getByRole("img", { name: /^QR code/ }).waitFor();
  const key = await region.locator("code").innerText();
  await region.getByLabel("Code from the app").fill(code(key));
  await press(page, "Confirm");
  await page.getByText(/^Your authenticator app is set up\./).waitFor();
  return key;
}

/**
 * Comes to the second check by mail.
 * @param {Page} page
 * @param {string} email
 * @param {string} slug
 * @param {number} mails
 */
async function toTheCheck(page, email, slug, mails) {
  await page.goto(`${base}/sign-in?tenant=${slug}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email, mails)).code);
  await at(page, "One more check");
}

scene("an app is set up, asked for, and a recovery code stands in for it", async (visit) => {
  const strict = await tenant();
  const { email } = await person(strict);
  const visitor = await visit({ permissions: ["clipboard-read", "clipboard-write"] });
  visitor.expect(400);
  const page = await visitor.open();
  await signInByCode(page, email, strict);
  const key = await setUp(page);
  await press(page, "Make codes");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  const codes = await page.locator(".codes li").allInnerTexts();
  assert.equal(codes.length, 10);
  await press(page, "Copy");
  await page.getByText("Copied the codes.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.join("\n"));
  const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Download")]);
  assert.equal(download.suggestedFilename(), "recovery-codes.txt");
  await press(page, "I have kept them");
  assert.equal(await page.locator(".codes li").count(), 0, "the page has them no more");
  await page.getByText("10 of 10 left").waitFor();
  await press(page, "Sign out");
  await at(page, "Sign in");
  await admin("PUT", `/tenants/${strict}/policy`, ALWAYS);

  await toTheCheck(page, email, strict, 2);
  await page.getByLabel("Code from your app").fill("000000");
  await press(page, "Confirm");
  assert.match(await status(page), /That code was not taken/);
  await page.getByLabel("Code from your app").fill(code(key, 1));
  await press(page, "Confirm");
  await at(page, "Your account");
  await page.getByText(/two factors/).waitFor();
  await press(page, "Sign out");
  await at(page, "Sign in");

  await toTheCheck(page, email, strict, 3);
  await press(page, "Use a recovery code");
  await page.getByLabel("Recovery code").fill(codes[2]?.toLowerCase() ?? "");
  await press(page, "Confirm");
  await at(page, "Your account");
  await page.getByText("9 of 10 left").waitFor();

  await press(page, "Remove the authenticator app");
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Removed the authenticator app.").waitFor();
  await page.getByText("None yet.").waitFor();
});

scene("a wrong code while setting up is told, and cancelling forgets the key", async (visit) => {
  const acme = await tenant();
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(400);
  const page = await visitor.open();
  await signInByCode(page, email, acme);
  await press(page, "Set up an authenticator app");
  const region = page.getByRole("region", { name: "Second factor" });
  await region.getByLabel("Code from the app").fill("000000");
  await press(page, "Confirm");
  assert.match(await status(page), /That code does not match/);
  await press(page, "Cancel");
  assert.equal(await region.locator("code").innerText(), "");
  await page.getByText("Not set up.").waitFor();
});

scene("who is signed in by mail alone cannot change what another session set up", async (visit) => {
  const acme = await tenant();
  const { email } = await person(acme);
  const home = await visit();
  const page = await home.open();
  await signInByCode(page, email, acme);
  await setUp(page);
  const elsewhere = await visit();
  elsewhere.expect(403);
  const other = await elsewhere.open(`/sign-in?tenant=${acme}`);
  await askForMail(other, email);
  await typeCode(other, (await mail(email, 2)).code);
  await skipOffer(other);
  await at(other, "Your account");
  await press(other, "Replace the authenticator app");
  await other.getByText(/sign in again with the second factor/).waitFor();
});

scene("a passkey comes first, and the others are there when it is not", async (visit) => {
  const strict = await tenant();
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, email, strict);
  const key = await setUp(page);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await admin("PUT", `/tenants/${strict}/policy`, ALWAYS);
  await toTheCheck(page, email, strict, 2);
  await page.getByRole("button", { name: "Confirm with your passkey" }).waitFor();
  await press(page, "Use your authenticator app");
  await page.getByLabel("Code from your app").fill(code(key, 1));
  await press(page, "Confirm");
  await at(page, "Your account");
});

scene("under policy always an app is set up on the way in, and its code is the answer", async (visit) => {
  const strict = await tenant(ALWAYS);
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  await toTheCheck(page, email, strict, 1);
  await press(page, "Use an authenticator app");
  await page.getByRole("img", { name: /^QR code/ }).waitFor();
  const key = await page.locator("code").innerText();
  await page.getByLabel("Code from the app").fill(code(key));
  await press(page, "Confirm");
  await skipOffer(page);
  await at(page, "Your account");
  await page.getByText(/two factors/).waitFor();
});
