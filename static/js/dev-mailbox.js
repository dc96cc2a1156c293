// The development mailbox: copies codes, and says when new mail has come.

import { LatchkeyError } from "../sdk/errors.js";
import { request } from "../sdk/http.js";
import { need, say } from "./dom.js";

/** How often it looks, in milliseconds. */
const LOOKS_EVERY = 3_000;

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  // Only where copying can work: secure pages, localhost included.
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset["copy"] ?? "");
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy the code"), 2_000);
  });
}

const shown = Number(need(document, "[role=status]", HTMLElement).dataset["count"]);
const newest = need(document, "[role=status]", HTMLElement).dataset["newest"];
const looking = setInterval(look, LOOKS_EVERY);

async function look() {
  if (document.visibilityState !== "visible") return;
  try {
    const { messages } = await request("GET", `/dev/mailbox${location.search}`);
    if (messages.length === shown && (messages[0]?.at ?? "") === newest) return;
    clearInterval(looking);
    // The address bar keeps the filter, so loading again shows the same list with the new mail on top.
    say(document, "New mail has come.", "good");
    location.reload();
  } catch (error) {
    // Gone for good if the mailbox was switched off; otherwise it is looked for again.
    if (error instanceof LatchkeyError && error.status === 404) clearInterval(looking);
  }
}
