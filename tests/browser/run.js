// Runs the cases against a system: the caller's (BASE_URL and BOOTSTRAP_TOKEN set), or one started here and ended afterwards.
//
//   node run.js [case files…]

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const named = process.argv.slice(2);
const cases = named.length > 0 ? named : readdirSync(join(here, "cases")).map((name) => join("cases", name));

const system = process.env.BASE_URL ? undefined : await start();
const env = { ...process.env, ...system?.env };
const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", "--test-concurrency=1", ...cases], { cwd: here, env, stdio: "inherit" });
const code = await new Promise((resolve) => tests.once("exit", (status) => resolve(status ?? 1)));
await system?.stop();
process.exit(code);

/** Starts `cargo xtask up` on a port and in a state folder of its own. */
async function start() {
  const state = mkdtempSync(join(tmpdir(), "latchkey-browser-"));
  const clock = join(state, "clock-offset");
  const token = randomBytes(24).toString("base64url");
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const words = ["xtask", "up", "--listen", `127.0.0.1:${port}`, "--state", join(state, "store"), "--seed", "none", "--set", `bootstrap_token=${token}`];
  const up = spawn("cargo", words, {
    cwd: root,
    env: { ...process.env, LATCHKEY_CLOCK_OFFSET_FILE: clock },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = async () => {
    const ended = new Promise((resolve) => up.once("exit", resolve));
    if (up.exitCode === null && up.kill("SIGINT")) await ended;
    rmSync(state, { recursive: true, force: true });
  };
  up.once("exit", (status) => {
    if (status) process.exitCode = status;
  });
  for await (const line of createInterface({ input: up.stdout })) {
    const ready = /^ready (\S+)$/.exec(line);
    if (ready?.[1]) {
      up.stdout.resume();
      return { env: { BASE_URL: ready[1], BOOTSTRAP_TOKEN: token, LATCHKEY_CLOCK_OFFSET_FILE: clock }, stop };
    }
  }
  await stop();
  throw new Error("the system did not start; what it said stands above");
}
