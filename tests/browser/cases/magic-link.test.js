// Signing in by mail: pressed here, pressed elsewhere, typed; and every way it can fail.

import assert from "node:assert/strict";

import { scene } from "../support/browser.js";
import { askForMail, at, digits, press, skipOffer, status, typeCode } from "../support/steps.js";
import { canPass, mail, pass, person, tenant } from "../support/system.js";

const acme = await tenant();

scene("the link is pressed in the browser that asked for it", async (visit) => {
  const { email } = await person(acme, "Ada Berg");
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${acme}&return_to=/account%3Ffrom=link`);
  await askForMail(page, email);
  const link = await visitor.context.newPage();
  await link.goto((await mail(email)).link);
  await press(link, /sign in|continue|confirm/i);
  await skipOffer(link);
  await link.waitForURL("**/account?from=link");
  assert.ok(!link.url().includes("handoff"), "the proof is gone from the address");
  // The tab that started it says so too.
  await at(page, "You are signed in");
});

scene("the code is typed", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await typeCode(page, (await mail(email)).code);
  await skipOffer(page);
  await at(page, "Your account");
  await page.getByText(email).first().waitFor();
});

scene("the link is pressed in another browser with the right number, and the first goes on", async (visit) => {
  const { email } = await person(acme);
  const desk = await visit();
  const page = await desk.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  const number = await digits(page);
  const phone = await visit();
  const link = await phone.open();
  await link.goto((await mail(email)).link);
  await confirm(link, number);
  await skipOffer(page);
  await at(page, "Your account");
  assert.deepEqual((await phone.context.cookies()).filter(({ name }) => name.endsWith("session")), [], "the phone is not signed in");
});

scene("a wrong number is refused and can be corrected", async (visit) => {
  const { email } = await person(acme);
  const desk = await visit();
  const page = await desk.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  const number = await digits(page);
  const phone = await visit();
  phone.expect(400);
  const link = await phone.open();
  await link.goto((await mail(email)).link);
  await confirm(link, number === "10" ? "11" : "10");
  await link.getByText("Those are not the digits.").waitFor();
  await at(page, "Check your mail");
  await confirm(link, number);
  await skipOffer(page);
  await at(page, "Your account");
});

scene("a link works once", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(410);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  const { link } = await mail(email);
  const first = await visitor.context.newPage();
  await first.goto(link);
  await press(first, /sign in|continue|confirm/i);
  await skipOffer(first);
  await at(first, "Your account");
  const second = await visitor.open();
  await second.goto(link);
  await press(second, /sign in|continue|confirm/i);
  await second.getByText(/used/i).filter({ visible: true }).first().waitFor();
});

scene("a wrong code is refused, and after five the attempt is over", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(400, 429);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  const { code } = await mail(email);
  const wrong = code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
  await typeCode(page, "not a code");
  assert.match(await status(page), /made of digits/);
  for (let tries = 0; tries < 5; tries += 1) {
    await typeCode(page, wrong);
    await page.getByText("That is not the code.").waitFor();
    assert.equal(await page.getByLabel("Or type the code from the mail").getAttribute("aria-invalid"), "true");
  }
  await typeCode(page, wrong);
  await at(page, "Too many wrong codes");
  await press(page, "Start again");
  await at(page, "Sign in");
});

scene("the newest mail wins", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  visitor.expect(400, 410);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await page.clock.install();
  await askForMail(page, email);
  const old = await mail(email);
  const resend = page.getByRole("button", { name: /Send it again/ });
  assert.equal(await resend.getAttribute("aria-disabled"), "true", "mails take a moment");
  for (let seconds = 0; seconds < 31; seconds += 1) await page.clock.runFor(1_000);
  await press(page, "Send it again");
  await page.getByText("Only the newest mail works").waitFor();
  const fresh = await mail(email, 2);
  assert.notEqual(fresh.code, old.code);
  await typeCode(page, old.code);
  await page.getByText("That is not the code.").waitFor();
  await typeCode(page, fresh.code);
  await skipOffer(page);
  await at(page, "Your account");
});

scene("another address starts anew", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await askForMail(page, email);
  await press(page, "Use another address");
  await at(page, "Sign in");
  assert.equal(await page.title(), "Sign in · Latchkey");
  const other = await person(acme);
  await askForMail(page, other.email);
  await page.getByText(other.email).waitFor();
});

scene("an address the service cannot read is said so at the field", async (visit) => {
  const visitor = await visit();
  visitor.expect(422);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await page.getByLabel("E-mail address").fill("someone@[127.0.0.1]".replace(/\[|\]/g, ""));
  await press(page, "Continue with e-mail");
  await page.waitForFunction(() => document.activeElement?.id === "email");
  assert.equal(await page.getByRole("heading", { name: "Sign in" }).isVisible(), true);
});

scene("without network the page says so, and works again with it", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit();
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  await visitor.context.setOffline(true);
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Continue with e-mail");
  assert.match(await status(page), /could not reach the service/);
  await visitor.context.setOffline(false);
  await askForMail(page, email);
  visitor.complaints = visitor.complaints.filter((told) => !told.includes("ERR_INTERNET_DISCONNECTED"));
});

scene("a server that fails is not the person's fault", async (visit) => {
  const visitor = await visit();
  visitor.expect(503);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  const problem = JSON.stringify({ code: "try_again", status: 503, detail: "…" });
  await page.route("**/magic-link", (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", body: problem }),
  );
  await page.getByLabel("E-mail address").fill("someone@people.example");
  await press(page, "Continue with e-mail");
  assert.match(await status(page), /not your doing/);
});

scene("a request from another site is stopped with a way out", async (visit) => {
  const visitor = await visit();
  visitor.expect(403);
  const page = await visitor.open(`/sign-in?tenant=${acme}`);
  const problem = JSON.stringify({ code: "cross_site", status: 403, detail: "…" });
  await page.route("**/magic-link", (route) =>
    route.fulfill({ status: 403, contentType: "application/problem+json", body: problem }),
  );
  await page.getByLabel("E-mail address").fill("someone@people.example");
  await press(page, "Continue with e-mail");
  assert.match(await status(page), /Open the sign-in page from its own address/);
});

scene("a proof that is no longer good ends in a state with a way out", async (visit) => {
  const visitor = await visit();
  visitor.expect(400, 403, 410, 422);
  const page = await visitor.open(`/sign-in?tenant=${acme}#handoff=stale`);
  await at(page, "This sign-in is no longer good");
  assert.ok(!page.url().includes("handoff"));
  await press(page, "Start again");
  await at(page, "Sign in");
});

scene(
  "an expired attempt is over, here and in the mail",
  async (visit) => {
    const { email } = await person(acme);
    const visitor = await visit();
    visitor.expect(401, 410);
    const page = await visitor.open(`/sign-in?tenant=${acme}`);
    await askForMail(page, email);
    const { link } = await mail(email);
    pass(16 * 60);
    await at(page, "This sign-in has expired");
    const late = await visitor.open();
    await late.goto(link);
    await press(late, /sign in|continue|confirm/i);
    await late.getByText(/expired/i).filter({ visible: true }).first().waitFor();
  },
  { skip: canPass ? false : "LATCHKEY_CLOCK_OFFSET_FILE is not set: time cannot be let pass" },
);

/**
 * @param {import("playwright-core").Page} page the confirm page in another browser
 * @param {string} number
 */
async function confirm(page, number) {
  const field = page.getByRole("textbox").filter({ visible: true });
  if (!(await field.isVisible())) await press(page, /sign in|continue|confirm/i);
  await field.fill(number);
  await press(page, /sign in|continue|confirm/i);
}
