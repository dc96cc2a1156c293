// One request, one answer or one error.

import { LatchkeyError } from "./errors.js";

/** A request takes no longer than this, in milliseconds. */
const PATIENCE = 20_000;

/**
 * @param {"GET" | "POST" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {object} [body] members that are undefined are left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} the JSON of the answer; null if it has none
 */
export async function request(method, path, body, signal) {
  const limit = AbortSignal.timeout(PATIENCE);
  /** @type {RequestInit} */
  const init = {
    method,
    headers: { accept: "application/json" },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: signal ? any([signal, limit]) : limit,
  };
  if (body) {
    init.headers = { ...init.headers, "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response;
  let text;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LatchkeyError("offline", "the service could not be reached", { cause });
  }
  const json = parsed(text);
  if (response.ok) {
    return json;
  }
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  const code = typeof json?.code === "string" ? json.code : response.status >= 500 ? "server_error" : "refused";
  throw new LatchkeyError(code, json?.detail ?? `the service answered ${response.status}`, {
    status: response.status,
    retryAfter,
    data: json,
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/**
 * `AbortSignal.any` for browsers before 2024.
 * @param {AbortSignal[]} signals
 */
function any(signals) {
  if ("any" in AbortSignal) {
    return AbortSignal.any(signals);
  }
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}
