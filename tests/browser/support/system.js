// The system under test: one that the caller started (BASE_URL, BOOTSTRAP_TOKEN, LATCHKEY_CLOCK_OFFSET_FILE), reached as its users,
// its administrator and its mailbox reach it.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

/** Where the system is. */
export const base = need("BASE_URL").replace(/\/$/, "");
const token = need("BOOTSTRAP_TOKEN");
const clock = process.env.LATCHKEY_CLOCK_OFFSET_FILE;

/** @typedef {{ to: string, subject: string, link: string, code: string }} Mail one to sign in with */

/**
 * Calls the administration API.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function admin(method, path, body) {
  const response = await fetch(`${base}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /admin${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/**
 * A tenant of its own, so that policies of one case are none of another's.
 * @param {object} [policy] as `PUT /admin/tenants/{t}/policy` takes it
 * @returns {Promise<string>} its slug
 */
export async function tenant(policy) {
  const slug = `t-${unique()}`;
  await admin("POST", "/tenants", { name: `Tenant ${slug}`, slug });
  if (policy) await admin("PUT", `/tenants/${slug}/policy`, policy);
  return slug;
}

/**
 * An address that nobody else uses, known to the tenant.
 * @param {string} tenant
 * @param {string} [name]
 */
export async function person(tenant, name) {
  const email = `${name?.split(" ")[0]?.toLowerCase() ?? "p"}-${unique()}@people.example`;
  const account = await admin("POST", `/tenants/${tenant}/accounts`, { email, name });
  return { email, id: String(account.id) };
}

/**
 * The newest mail to sign in with, to an address, once there are as many as wanted.
 * @param {string} to
 * @param {number} [wanted]
 * @returns {Promise<Mail>}
 */
export async function mail(to, wanted = 1) {
  for (let tries = 0; tries < 50; tries += 1) {
    const response = await fetch(`${base}/dev/mailbox?to=${encodeURIComponent(to)}`, {
      headers: { accept: "application/json" },
    });
    const { messages } = /** @type {{ messages: Mail[] }} */ (await response.json());
    const toSignIn = messages.filter(({ link }) => link);
    const [newest] = toSignIn;
    if (newest && toSignIn.length >= wanted) return newest;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no mail number ${wanted} came to ${to}`);
}

/** Whether time can be let pass. */
export const canPass = Boolean(clock);

// Budgets of mails count per network and ten minutes, and all these people share one: each file begins with a fresh one.
if (clock) pass(11 * 60);

/**
 * Lets time pass in the system; it never goes back.
 * @param {number} seconds
 */
export function pass(seconds) {
  if (!clock) throw new Error("set LATCHKEY_CLOCK_OFFSET_FILE");
  const before = Number(read(clock)) || 0;
  writeFileSync(clock, String(before + seconds));
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function unique() {
  return randomBytes(5).toString("hex");
}

/** @param {string} name */
function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}, or let \`npm test\` start a system`);
  return value;
}
