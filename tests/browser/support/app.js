// An authenticator app: RFC 6238, worked out here from the specification alone.

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The code that an app shows for a key.
 * @param {string} key base 32
 * @param {number} [steps] from now
 */
export function code(key, steps = 0) {
  const now = Math.floor(Date.now() / 1000) + offset();
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30) + steps));
  const digest = createHmac("sha1", bytes(key)).update(counter).digest();
  const word = digest.readUInt32BE((digest[19] ?? 0) & 15) & 0x7fff_ffff;
  return String(word % 1_000_000).padStart(6, "0");
}

/** @param {string} key */
function bytes(key) {
  const bits = [...key.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2)));
}

/** Seconds by which the system's clock was let run ahead. */
function offset() {
  const file = process.env.LATCHKEY_CLOCK_OFFSET_FILE;
  try {
    return file ? Number(readFileSync(file, "utf8")) || 0 : 0;
  } catch {
    return 0;
  }
}
