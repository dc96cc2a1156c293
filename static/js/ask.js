// One question in a dialog: yes or no, or a name.

import { button, need, of } from "./dom.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text
 * @property {string} yes the words on the button
 * @property {boolean} [danger] yes takes something away
 * @property {string} [value] asks for a name, which begins as this
 */

/**
 * @param {Question} question
 * @returns {Promise<string | undefined>} the name, or "" where none is asked; undefined for no
 */
export function ask({ title, text, yes, danger = false, value }) {
  const dialog = need(document, "#ask", HTMLDialogElement);
  const input = need(dialog, "input", HTMLInputElement);
  of(dialog, "title").textContent = title;
  of(dialog, "text").textContent = text;
  need(dialog, "[data-part=field]", HTMLElement).hidden = value === undefined;
  input.value = value ?? "";
  input.required = value !== undefined;
  const agree = button(dialog, "yes");
  agree.textContent = yes;
  agree.classList.toggle("primary", !danger);
  agree.classList.toggle("danger", danger);
  dialog.returnValue = "no";
  dialog.showModal();
  if (value === undefined) {
    button(dialog, "no").focus();
  } else {
    input.focus();
    input.select();
  }
  return new Promise((resolve) => {
    const done = () => resolve(dialog.returnValue === "yes" ? input.value.trim() : undefined);
    dialog.addEventListener("close", done, { once: true });
  });
}
