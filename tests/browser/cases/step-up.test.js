// A second check, and a sign-in that is stopped.

import assert from "node:assert/strict";

import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { askForMail, at, press, signInByCode, status, typeCode, usePasskey } from "../support/steps.js";
import { admin, base, mail, person, tenant } from "../support/system.js";

const ALWAYS = { second_factor: { value: "always" } };

scene("under policy always a mail is not enough: the passkey confirms it", async (visit) => {
  const strict = await tenant();
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, email, strict);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await admin("PUT", `/tenants/${strict}/policy`, ALWAYS);

  await page.goto(`${base}/sign-in?tenant=${strict}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email, 2)).code);
  await at(page, "One more check");
  await device.verifies(false);
  await device.present(true);
  await press(page, "Confirm with your passkey");
  assert.match(await status(page), /No passkey was used/);
  await device.verifies(true);
  await press(page, "Confirm with your passkey");
  await at(page, "Your account");
  await page.getByText(/two factors/).waitFor();
});

scene("under policy always a passkey alone is two factors", async (visit) => {
  const strict = await tenant();
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, email, strict);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await admin("PUT", `/tenants/${strict}/policy`, ALWAYS);
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await usePasskey(page, device, () => at(page, "Your account"));
});

scene("under policy always who has no factor makes one on the way", async (visit) => {
  const strict = await tenant(ALWAYS);
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await page.goto(`${base}/sign-in?tenant=${strict}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "One more check");
  await press(page, "Create a passkey");
  await at(page, "Your account");
  assert.equal((await device.credentials()).length, 1);
  await page.getByText(/two factors/).waitFor();
});

scene("the passkey made on the way is the newcomer's, also where someone else is signed in", async (visit) => {
  const open = await tenant();
  const first = await person(open);
  const strict = await tenant(ALWAYS);
  const newcomer = await person(strict);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, first.email, open);
  await page.goto(`${base}/sign-in?tenant=${strict}`);
  await askForMail(page, newcomer.email);
  await typeCode(page, (await mail(newcomer.email)).code);
  await at(page, "One more check");
  await press(page, "Create a passkey");
  await at(page, "Your account");
  await page.getByText(newcomer.email).first().waitFor();
  await page.getByRole("region", { name: "Passkeys" }).getByRole("listitem").waitFor();
  assert.equal((await device.credentials()).length, 1);
});

scene("starting again leaves the second check", async (visit) => {
  const strict = await tenant(ALWAYS);
  const { email } = await person(strict);
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${strict}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "One more check");
  await press(page, "Start again");
  await at(page, "Sign in");
});

scene("a sign-in that is too risky is stopped with the reason", async (visit) => {
  const wary = await tenant({ risk: { medium: { value: 1 }, high: { value: 2 } } });
  const { email } = await person(wary);
  const home = await visit();
  await signInByCode(await home.open(), email, wary);
  const elsewhere = await visit();
  const page = await elsewhere.open(`/sign-in?tenant=${wary}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email, 2)).code);
  await at(page, "This sign-in was stopped");
  await page.getByText("This account has not signed in on this device before.").waitFor();
  await press(page, "Start again");
  await at(page, "Sign in");
});

scene("a disabled account is not signed in", async (visit) => {
  const acme = await tenant();
  const { email, id } = await person(acme);
  const visitor = await visit();
  visitor.expect(410);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  const { code } = await mail(email);
  await admin("PATCH", `/tenants/${acme}/accounts/${id}`, { state: "disabled" });
  await typeCode(page, code);
  await page.getByText("only for who can sign in here").waitFor();
  await press(page, "Start again");
  await at(page, "Sign in");
});
