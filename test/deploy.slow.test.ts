/** What lies in `deploy/` is understood by systemd's own tools, and leaves a service little to do harm with. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const folder = new URL("../deploy/", import.meta.url).pathname;
const analyze = "/usr/bin/systemd-analyze";

for (const [unit, exposureMax] of [
  ["midwatch.service", 2],
  ["midwatch-agent.service", 3],
] as const) {
  test(`${unit} is a valid unit, and exposes little`, (context) => {
    if (!existsSync(analyze)) return context.skip("systemd-analyze is not installed");
    const directory = mkdtempSync(join(tmpdir(), "midwatch-units-"));
    try {
      // The program is not installed where the unit expects it; everything else is checked as it is.
      const text = readFileSync(join(folder, unit), "utf8").replace(
        "/opt/midwatch/bin/midwatch",
        "/bin/true",
      );
      assert.ok(text.includes("ExecStart=/bin/true "));
      const path = join(directory, unit);
      writeFileSync(path, text);
      const verified = spawnSync(analyze, ["verify", "--man=no", path], { encoding: "utf8" });
      assert.equal(verified.stderr, "");
      assert.equal(verified.status, 0);
      const security = spawnSync(analyze, ["security", "--offline=yes", path], { encoding: "utf8" });
      const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout)?.[1];
      assert.ok(Number(exposure) <= exposureMax, `exposure level ${String(exposure)}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
