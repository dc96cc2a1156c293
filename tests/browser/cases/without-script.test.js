// Everything that a magic link needs works without script, to a session.

import assert from "node:assert/strict";

import { scene } from "../support/browser.js";
import { base, mail, person, tenant } from "../support/system.js";

const acme = await tenant();

scene("a magic link without script leads to a session", async (visit) => {
  const { email } = await person(acme);
  const visitor = await visit({ javaScriptEnabled: false });
  const page = await visitor.open(`/sign-in?tenant=${acme}&return_to=/account`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Continue with e-mail" }).click();
  await page.getByRole("heading", { name: /mail/i }).waitFor();
  const { link } = await mail(email);
  // What readers without script get in the mail's own text.
  await page.goto(link.replace("#", "?token="));
  for (let steps = 0; steps < 5 && !page.url().startsWith(`${base}/account`); steps += 1) {
    await page.locator("main button[type=submit]").first().click();
  }
  assert.equal(page.url(), `${base}/account`);
  const session = await visitor.context.request.get(`${base}/session`);
  assert.equal(session.status(), 200);
  assert.equal((await session.json()).account.email, email);
});
