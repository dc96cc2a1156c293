// The account page: passkeys renamed and removed, devices listed and signed out.

import assert from "node:assert/strict";

import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { askForMail, at, press, signInByCode, skipOffer, typeCode } from "../support/steps.js";
import { base, mail, person, tenant } from "../support/system.js";

const acme = await tenant();

scene("who is not signed in is led to signing in, and back", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(401);
  const page = await visitor.open("/account");
  await page.waitForURL("**/sign-in?return_to=/account");
  await page.goto(`${base}/sign-in?return_to=/account&tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await skipOffer(page);
  await page.waitForURL("**/account");
});

scene("a passkey is renamed and removed", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open();
  await Authenticator.plug(page);
  await signInByCode(page, email, acme);
  await page.getByText("No passkey yet.").waitFor();
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await press(page, /^Rename /);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Work laptop");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Renamed to “Work laptop”.").waitFor();
  await page.getByRole("heading", { name: "Work laptop" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Work laptop" }).waitFor();

  await press(page, "Remove Work laptop");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Work laptop" }).waitFor();
  await press(page, "Remove Work laptop");
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByText("Removed “Work laptop”.").waitFor();
  await page.getByText("No passkey yet.").waitFor();
  const focused = await page.evaluate(() => document.activeElement?.textContent);
  assert.equal(focused, "Passkeys", "the focus is not lost with the row");
});

scene("devices are listed, and the others signed out at once", async (visit) => {
  const { email } = await person(acme);
  const here = await visit();
  const page = await here.open();
  await signInByCode(page, email, acme);
  const there = await visit({ userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1" });
  const other = await there.open(`/sign-in?tenant=${acme}`);
  await askForMail(other, email);
  await typeCode(other, (await mail(email, 2)).code);
  await skipOffer(other);
  await at(other, "Your account");

  await page.reload();
  const devices = page.getByRole("region", { name: "Devices" });
  await devices.getByRole("heading", { name: "Safari on iPhone" }).waitFor();
  assert.equal(await devices.getByRole("listitem").count(), 2);
  assert.match(await devices.getByRole("listitem").first().innerText(), /This device/);
  await press(page, "Sign out all others");
  await page.getByRole("dialog").getByRole("button", { name: "Sign out others" }).click();
  await page.getByText("Signed out one other device.").waitFor();
  assert.equal(await devices.getByRole("listitem").count(), 1);

  there.expect(401);
  await other.reload();
  await other.waitForURL("**/sign-in?return_to=/account");
});

scene("signing out ends the session", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(401);
  const page = await visitor.open();
  await signInByCode(page, email, acme);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await page.goto(`${base}/account`);
  await page.waitForURL("**/sign-in?return_to=/account");
});

scene("a page that does not exist", async (visit) => {
  const visitor = await visit();
  visitor.expect(404);
  const page = await visitor.open("/no/such/page");
  await at(page, "Nothing is here");
  await page.getByRole("link", { name: "Go to sign-in" }).click();
  await at(page, "Sign in");
});
