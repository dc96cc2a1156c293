// The account page: who one is, one's passkeys and devices.

import { LatchkeyError, session, signOut } from "../sdk/latchkey.js";
import { button, need, of, say } from "./dom.js";
import { AppSetup } from "./elements/app-setup.js";
import { Devices } from "./elements/devices.js";
import { SecondFactors } from "./elements/factors.js";
import { Passkeys } from "./elements/passkeys.js";
import { ago } from "./times.js";
import { wordsFor } from "./words.js";

/** @typedef {import("../types/api.js").Session} Session */

customElements.define("lk-passkeys", Passkeys);
customElements.define("lk-app-setup", AppSetup);
customElements.define("lk-factors", SecondFactors);
customElements.define("lk-devices", Devices);

const main = need(document, "main", HTMLElement);
const leave = button(document, "sign-out", async () => {
  try {
    await signOut();
    location.assign("/sign-in");
  } catch (error) {
    tell(error);
  }
});
document.addEventListener("signed-out", () => location.assign("/sign-in?return_to=/account"));

try {
  introduce(await session());
  leave.hidden = false;
  need(main, "[data-part=content]", HTMLElement).hidden = false;
  await Promise.all([
    need(main, "lk-passkeys", Passkeys).load(),
    need(main, "lk-factors", SecondFactors).load(),
    need(main, "lk-devices", Devices).load(),
  ]);
} catch (error) {
  tell(error);
}

/** @param {Session} session */
function introduce({ account, tenant, amr, acr, auth_time }) {
  of(main, "name").textContent = account.name ?? "";
  of(main, "name").hidden = !account.name;
  of(main, "name-term").hidden = !account.name;
  of(main, "email").textContent = account.email;
  of(main, "tenant").textContent = tenant.name ?? tenant.slug;
  const how = amr.includes("pop") ? "With a passkey" : "By e-mail";
  of(main, "how").textContent = `${how}, ${ago(auth_time)}${acr.endsWith("aal2") ? " (two factors)" : ""}`;
}

/** @param {unknown} error */
function tell(error) {
  if (error instanceof LatchkeyError && error.status === 401) {
    location.replace("/sign-in?return_to=/account");
    return;
  }
  say(main, wordsFor(error).text, "bad");
}
