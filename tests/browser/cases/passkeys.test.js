// Passkeys with the browser's virtual authenticator: offered, made, used, declined, removed.

import assert from "node:assert/strict";

import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { askForMail, at, press, signInByCode, status, typeCode, usePasskey } from "../support/steps.js";
import { base, mail, person, tenant } from "../support/system.js";

const acme = await tenant();

scene("offered after a mail, made, and from then on it signs in without an address", async (visit) => {
  const { email } = await person(acme, "Grace Moor");
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await page.goto(`${base}/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "Skip the mail next time");
  await press(page, "Create a passkey");
  await at(page, "Your account");
  const [credential] = await device.credentials();
  assert.ok(credential?.isResidentCredential);

  // By the button.
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await usePasskey(page, device, () => at(page, "Your account"));
  await page.getByText("With a passkey, just now (two factors)").waitFor();

  // From the address field's suggestions: the person is there, so the browser answers by itself.
  await device.present(true);
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await at(page, "Your account");
  await page.getByText(email).first().waitFor();
});

scene("the offer is not made again for a while", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "Skip the mail next time");
  await press(page, "Not now");
  await at(page, "Your account");
  await press(page, "Sign out");
  await at(page, "Sign in");
  await page.goto(`${base}/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email, 2)).code);
  await at(page, "Your account");
});

scene("a passkey that is declined leaves everything as it was", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await page.goto(`${base}/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "Skip the mail next time");
  await device.verifies(false);
  await press(page, "Create a passkey");
  await page.getByText("No passkey was made. Try again, or go on without one.").waitFor();
  await device.verifies(true);
  await press(page, "Create a passkey");
  await at(page, "Your account");

  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await device.verifies(false);
  await usePasskey(page, device, async () =>
    assert.match(await status(page), /No passkey was used. Try again, or continue with e-mail./),
  );
  await at(page, "Sign in");
});

scene("a removed passkey is not known any more, and the provider is told", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(404);
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, email, acme);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  const [credential] = await device.credentials();
  assert.ok(credential);
  await press(page, /^Remove /);
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText(/^Removed “.+”\.$/).waitFor();
  await page.waitForTimeout(300);
  assert.deepEqual(await device.credentials(), [], "signalAllAcceptedCredentials took it out of the provider");

  // A provider that was not told still offers it.
  await device.hold(credential);
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await usePasskey(page, device, async () =>
    assert.match(await status(page), /This passkey was removed from its account or never belonged to one/),
  );
  await page.waitForTimeout(300);
  assert.deepEqual(await device.credentials(), [], "signalUnknownCredential took it out of the provider");
});

scene("a second passkey on the same device is said to be there already", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open();
  await Authenticator.plug(page);
  await signInByCode(page, email, acme);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await press(page, "Add a passkey");
  await page.getByText("This device already has a passkey for your account.").waitFor();
});

scene("a browser without passkeys is not offered any", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  await visitor.context.addInitScript(() => Reflect.deleteProperty(globalThis, "PublicKeyCredential"));
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  assert.equal(await page.getByRole("button", { name: "Use a passkey" }).isVisible(), false);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await at(page, "Your account");
  assert.equal(await page.getByRole("button", { name: "Add a passkey" }).isVisible(), false);
});

scene("the browser's JSON functions have a stand-in", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  await visitor.context.addInitScript(() => {
    Reflect.deleteProperty(PublicKeyCredential, "parseCreationOptionsFromJSON");
    Reflect.deleteProperty(PublicKeyCredential, "parseRequestOptionsFromJSON");
    Reflect.deleteProperty(PublicKeyCredential.prototype, "toJSON");
  });
  const page = await visitor.open();
  const device = await Authenticator.plug(page);
  await signInByCode(page, email, acme);
  await press(page, "Add a passkey");
  await page.getByText(/^Added “.+”\./).waitFor();
  await device.present(false);
  await press(page, "Sign out");
  await at(page, "Sign in");
  await usePasskey(page, device, () => at(page, "Your account"));
});
