// Installs what is missing, and nothing when nothing is: the npm packages of the lock file, the
// bundle of the commands for monitored hosts, and with `--debian a,b,c` those Debian packages. Plain JavaScript, because it runs before the
// pinned Node is there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bundleHost } from "./bundle.mjs";

const root = new URL("..", import.meta.url).pathname;
const stamp = `${root}node_modules/.midwatch-installed`;
const lockHash = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lockHash) {
  console.log("Installing npm packages (about half a minute) …");
  run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
  writeFileSync(stamp, lockHash);
}
await bundleHost();

const debian = process.argv.find((argument) => argument.startsWith("--debian="));
if (debian) installDebian(debian.slice("--debian=".length).split(","));

function installDebian(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    console.log(`Not root: cannot install ${missing.join(", ")}. What needs them is skipped.`);
    return;
  }
  console.log(`Installing Debian packages: ${missing.join(", ")} …`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], environment);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], environment);
}

function isInstalled(name) {
  const answer = spawnSync("dpkg-query", ["-W", "-f=${Status}", name], { encoding: "utf8" });
  return answer.status === 0 && answer.stdout === "install ok installed";
}

function run(command, words, env = process.env) {
  const { status, error } = spawnSync(command, words, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env,
  });
  if (status !== 0) {
    console.error(
      `${command} ${words.join(" ")} failed${error ? `: ${error.message}` : ` with status ${status}`}.`,
    );
    process.exit(1);
  }
}
