// Small helpers over the page's own markup. Text goes in as text; no markup is made from strings.

/**
 * The element marked `data-of="name"`: where a value is shown.
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement}
 */
export function of(root, name) {
  return need(root, `[data-of="${name}"]`, HTMLElement);
}

/**
 * The button marked `data-act="name"`, and what it does. While that is under way a second press does nothing.
 * @param {ParentNode} root
 * @param {string} name
 * @param {() => unknown} [act]
 * @returns {HTMLButtonElement}
 */
export function button(root, name, act) {
  const found = need(root, `[data-act="${name}"]`, HTMLButtonElement);
  if (act) {
    found.addEventListener("click", () => whileBusy(found, act));
  }
  return found;
}

/**
 * The form, and what sending it does.
 * @param {ParentNode} root
 * @param {(form: HTMLFormElement) => unknown} act
 * @returns {HTMLFormElement}
 */
export function form(root, act) {
  const found = need(root, "form", HTMLFormElement);
  const send = need(found, "[type=submit]", HTMLButtonElement);
  found.addEventListener("submit", (event) => {
    event.preventDefault();
    void whileBusy(send, () => act(found));
  });
  return found;
}

/**
 * The element a selector finds; its absence is a mistake in the page.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{ new (): T }} kind
 * @returns {T}
 */
export function need(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) {
    throw new TypeError(`the page has no ${selector}`);
  }
  return found;
}

/**
 * A copy of a template's element.
 * @param {string} id
 */
export function copy(id) {
  const template = need(document, `#${id}`, HTMLTemplateElement);
  const element = template.content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) {
    throw new TypeError(`the template ${id} is empty`);
  }
  return element;
}

/**
 * Tells how it goes, aloud too: a live region keeps its place and changes its text.
 * @param {ParentNode} root
 * @param {string} text empty for nothing
 * @param {"" | "good" | "bad"} [kind]
 */
export function say(root, text, kind = "") {
  const status = need(root, "[role=status]", HTMLElement);
  status.classList.toggle("good", kind === "good");
  status.classList.toggle("bad", kind === "bad");
  status.textContent = text;
}

/**
 * Fills a list with sentences.
 * @param {HTMLElement} list
 * @param {string[]} sentences
 */
export function fill(list, sentences) {
  list.replaceChildren(
    ...sentences.map((sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    }),
  );
  list.hidden = sentences.length === 0;
}

/**
 * Announces something to whoever holds the element.
 * @param {HTMLElement} from
 * @param {string} name
 * @param {object} [detail]
 */
export function announce(from, name, detail) {
  from.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
}

/**
 * `aria-disabled` rather than `disabled`: the focus stays where it is.
 * @param {HTMLButtonElement} pressed
 * @param {() => unknown} act
 */
async function whileBusy(pressed, act) {
  if (pressed.getAttribute("aria-disabled") === "true") return;
  pressed.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}
