// Every page in every state, as it is read aloud, on a phone, in the dark; pictures to look at in output/.

import { code } from "../support/app.js";
import { Authenticator } from "../support/authenticator.js";
import { scene } from "../support/browser.js";
import { accessible, fits, picture, reads } from "../support/checks.js";
import { askForMail, at, press, signInByCode, typeCode } from "../support/steps.js";
import { admin, base, mail, person, tenant } from "../support/system.js";

/** @typedef {import("playwright-core").BrowserContextOptions} Options */

const acme = await tenant();

/** @type {[string, Options][]} */
const LOOKS = [
  ["light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 360, height: 740 }, colorScheme: "light", isMobile: true, hasTouch: true }],
  ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark", isMobile: true, hasTouch: true }],
];

for (const [look, options] of LOOKS) {
  scene(`sign-in, ${look}`, async (visit) => {
    const { email } = await person(acme, "Ada Berg");
    const visitor = await visit(options);
    visitor.expect(400, 403, 404, 410, 422);
    const page = await visitor.open(`/sign-in?tenant=${acme}`);
    const shown = async (/** @type {string} */ name) => {
      await fits(page);
      await accessible(page);
      await picture(page, `${name}-${look}`);
    };
    await at(page, "Sign in");
    await page.getByRole("button", { name: "Use a passkey" }).waitFor();
    await shown("sign-in");
    await askForMail(page, email);
    await shown("waiting");
    await press(page, "Continue");
    await shown("waiting-wrong");
    await typeCode(page, (await mail(email)).code);
    await at(page, "Skip the mail next time");
    await shown("offer");
    await page.goto("about:blank");
    await page.goto(`${base}/sign-in?tenant=${acme}#handoff=stale`);
    await at(page, "This sign-in is no longer good");
    await shown("ended");
    await page.goto(`${base}/no/such/page`);
    await at(page, "Nothing is here");
    await shown("not-found");
  });

  scene(`account, ${look}`, async (visit) => {
    const { email } = await person(acme, "Ada Berg");
    const visitor = await visit(options);
    const page = await visitor.open();
    await Authenticator.plug(page);
    await signInByCode(page, email, acme);
    await page.getByText("No passkey yet.").waitFor();
    await accessible(page);
    await press(page, "Add a passkey");
    await page.getByText(/^Added “.+”\./).waitFor();
    await fits(page);
    await accessible(page);
    await picture(page, `account-${look}`);
    await press(page, /^Rename /);
    await accessible(page);
    await picture(page, `account-rename-${look}`);
    await page.keyboard.press("Escape");
  });

  scene(`second factor, ${look}`, async (visit) => {
    const strict = await tenant();
    const { email } = await person(strict, "Ada Berg");
    const visitor = await visit(options);
    visitor.expect(400);
    const page = await visitor.open();
    const shown = async (/** @type {string} */ name) => {
      await fits(page);
      await accessible(page);
      await picture(page, `${name}-${look}`);
    };
    await signInByCode(page, email, strict);
    await press(page, "Set up an authenticator app");
    await page.getByRole("img", { name: /^QR code/ }).waitFor();
    await shown("factor-set-up");
    await page.getByLabel("Code from the app").fill(code(await page.locator("code").innerText()));
    await press(page, "Confirm");
    await page.getByText(/^Your authenticator app is set up\./).waitFor();
    await press(page, "Make codes");
    await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
    await shown("factor-codes");
    await admin("PUT", `/tenants/${strict}/policy`, { second_factor: { value: "always" } });
    await page.goto(`${base}/sign-in?tenant=${strict}`);
    await askForMail(page, email);
    await typeCode(page, (await mail(email, 2)).code);
    await at(page, "One more check");
    await shown("step-up-app");
    await page.getByLabel("Code from your app").fill("000000");
    await press(page, "Confirm");
    await page.getByText(/That code was not taken/).waitFor();
    await press(page, "Use a recovery code");
    await shown("step-up-recovery");
  });

  scene(`second check and stop, ${look}`, async (visit) => {
    const strict = await tenant({ second_factor: { value: "always" } });
    const { email } = await person(strict);
    const visitor = await visit(options);
    const page = await visitor.open(`/sign-in?tenant=${strict}`);
    await askForMail(page, email);
    await typeCode(page, (await mail(email)).code);
    await at(page, "One more check");
    await fits(page);
    await accessible(page);
    await picture(page, `step-up-${look}`);
    const wary = await tenant({ risk: { medium: { value: 1 }, high: { value: 2 } } });
    const stopped = await person(wary);
    await signInByCode(await (await visit()).open(), stopped.email, wary);
    await page.goto(`${base}/sign-in?tenant=${wary}`);
    await askForMail(page, stopped.email);
    await typeCode(page, (await mail(stopped.email, 2)).code);
    await at(page, "This sign-in was stopped");
    await fits(page);
    await accessible(page);
    await picture(page, `stopped-${look}`);
  });

  scene(`confirm page and dev mailbox, ${look}`, async (visit) => {
    const { email } = await person(acme);
    const desk = await visit();
    const start = await desk.open(`/sign-in?tenant=${acme}`);
    await askForMail(start, email);
    const visitor = await visit(options);
    const page = await visitor.open();
    await page.goto((await mail(email)).link);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await fits(page);
    await accessible(page);
    await picture(page, `confirm-${look}`);
    await page.goto(`${base}/dev/mailbox?to=${encodeURIComponent(email)}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await fits(page);
    await accessible(page);
    await picture(page, `mailbox-${look}`);
  });
}

scene("what a screen reader gets", async (visit) => {
  const { email } = await person(acme, "Ada Berg");
  const visitor = await visit();
  const page = await visitor.open();
  await Authenticator.plug(page);
  await page.goto(`${base}/sign-in?tenant=${acme}`);
  await page.getByRole("button", { name: "Use a passkey" }).waitFor();
  await reads(page, `
    - main:
      - paragraph: Latchkey
      - heading "Sign in" [level=1]
      - paragraph: No password needed.
      - text: E-mail address
      - textbox "E-mail address"
      - button "Continue with e-mail"
      - status
      - paragraph: or
      - button "Use a passkey"`);
  await askForMail(page, email);
  await reads(page, `
    - main:
      - paragraph: Latchkey
      - heading "Check your mail" [level=1]
      - paragraph:
        - text: If
        - strong: …
        - text: can sign in here, a message is on its way. Its link works for … minutes.
      - strong: …
      - text: Opening the link on another device? It asks for this number. Or type the code from the mail
      - textbox "Or type the code from the mail"
      - button "Continue"
      - status
      - button "Send it again in … s" [disabled]
      - button "Use another address"`);
  await typeCode(page, (await mail(email)).code);
  await at(page, "Skip the mail next time");
  await reads(page, `
    - main:
      - paragraph: Latchkey
      - heading "Skip the mail next time" [level=1]
      - paragraph: With a passkey you sign in by your fingerprint, your face or this device’s PIN. There is nothing to remember, and nothing that can be phished.
      - button "Create a passkey"
      - status
      - button "Not now"`);
  const strict = await tenant({ second_factor: { value: "always" } });
  const other = await person(strict);
  const guest = await (await visit()).open(`/sign-in?tenant=${strict}`);
  await askForMail(guest, other.email);
  await typeCode(guest, (await mail(other.email)).code);
  await at(guest, "One more check");
  await reads(guest, `
    - main:
      - paragraph: Latchkey
      - heading "One more check" [level=1]
      - paragraph: Make a passkey to go on. It takes a moment, and from then on a touch is enough.
      - list:
        - listitem: Your organisation asks for a second step at every sign-in.
      - button "Create a passkey"
      - button "Use an authenticator app"
      - status
      - button "Start again"`);
  await press(page, "Create a passkey");
  await at(page, "Your account");
  await page.getByRole("button", { name: /^Rename/ }).waitFor();
  await page.getByRole("heading", { name: /Chrome on/ }).waitFor();
  await reads(page, `
    - banner:
      - link "Latchkey":
        - /url: /account
      - button "Sign out"
    - main:
      - heading "Your account" [level=1]
      - paragraph: How you sign in, and where you are signed in.
      - status
      - region "You":
        - heading "You" [level=2]
        - term: Name
        - definition: Ada Berg
        - term: E-mail address
        - definition: …
        - term: Organisation
        - definition: …
        - term: Signed in
        - definition: By e-mail, just now
      - region "Passkeys":
        - heading "Passkeys" [level=2]
        - paragraph: Sign in by fingerprint, face or PIN instead of a mail.
        - button "Add a passkey"
        - status
        - list:
          - listitem:
            - heading "…" [level=3]
            - paragraph: …Added …
            - button "Rename …": Rename
            - button "Remove …": Remove
      - region "Second factor":
        - heading "Second factor" [level=2]
        - paragraph: Asked for when a sign-in looks unusual, or where your organisation wants it always. A passkey is one already.
        - status
        - list:
          - listitem:
            - heading "Authenticator app" [level=3]
            - paragraph: Not set up. Its codes change every half minute and need no network.
            - button "Set up an authenticator app": Set up
          - listitem:
            - heading "Recovery codes" [level=3]
            - paragraph: None yet. Each works once, for the day your phone is lost.
            - button "Make codes"
      - region "Devices":
        - heading "Devices" [level=2]
        - paragraph: Where you are signed in now. Anything you do not know? Sign it out.
        - status
        - list:
          - listitem:
            - heading "Chrome on … This device" [level=3]
            - paragraph: Signed in by e-mail on … · active just now
            - button "Sign out Chrome on …, this device": Sign out`);
});
