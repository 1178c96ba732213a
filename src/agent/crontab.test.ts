import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { rig, startAgent, until, useRig } from "../../test/agent-rig.ts";
import { readCrontab } from "./crontab.ts";

describe("a crontab", () => {
  test("is read with its variables, names of days, input after percent signs and reboots", () => {
    const text = [
      "# a comment",
      "MAILTO=ops@example.com",
      'TZ = "Europe/Berlin"',
      "MIDWATCH_SERVICE=shop",
      "5 4 * * sun  /usr/bin/backup --at 03:00",
      "@reboot mail -s hello root%first line%second",
      "0 0 1 jan *\tdate +\\%F",
      "not a line",
    ].join("\n");

    assert.deepEqual(
      readCrontab(text, "deploy").map(({ schedule, command, line }) => [schedule, command, line]),
      [
        ["5 4 * * sun", "/usr/bin/backup --at 03:00", 5],
        ["@reboot", "mail -s hello root", 6],
        ["0 0 1 jan *", "date +%F", 7],
      ],
    );
    const [first] = readCrontab(text, "deploy");
    assert.deepEqual([first?.user, first?.service, first?.timeZone], ["deploy", "shop", "Europe/Berlin"]);
    assert.equal(first?.recordedAs, undefined);
  });

  test("of the system names its users", () => {
    const [entry] = readCrontab("17 * * * * root cd / && run-parts /etc/cron.hourly", undefined);
    assert.deepEqual([entry?.user, entry?.command], ["root", "cd / && run-parts /etc/cron.hourly"]);
  });

  test("tells under which name a wrapped command is recorded, however it is quoted", () => {
    const names = (command: string) => {
      const [entry] = readCrontab(`* * * * * ${command}`, "deploy");
      return [entry?.recordedAs, entry?.service, entry?.environment];
    };
    const run = "/usr/local/bin/midwatch-run";
    assert.deepEqual(names(`${run} 'a '\\''b'\\'' c' /bin/bash -l -c 'x'`), [
      "a 'b' c",
      undefined,
      undefined,
    ]);
    assert.deepEqual(names(`${run} -r whenever -s shop -e test reports:daily /bin/sh -c 'a "b'`), [
      "reports:daily",
      "shop",
      "test",
    ]);
    assert.deepEqual(names('/opt/midwatch/bin/midwatch exec --job "big one" -- /bin/backup'), [
      "big one",
      undefined,
      undefined,
    ]);
    assert.deepEqual(names("/opt/midwatch/bin/midwatch exec --job=x -- /bin/backup --job y")[0], "x");
    assert.deepEqual(names("echo midwatch-run-not")[0], undefined);
  });
});

describe("installed schedules", () => {
  useRig();

  test("are recorded when they are found, when they change and when they are gone, without secrets", async () => {
    const directory = join(rig.directory, "crontabs");
    await mkdir(directory);
    const block = "# Begin Whenever generated tasks for: /srv/shop/config/schedule.rb at: now\n";
    await writeFile(
      join(directory, "deploy"),
      `${block}0 3 * * * midwatch-run -r whenever nightly true\n# End Whenever generated tasks for: /srv/shop/config/schedule.rb at: now\n* * * * * curl --header 'Authorization: Bearer abcdefgh12345678abcdefgh'\n`,
    );
    const installed = () => rig.receiver.ofKind("schedule.installed");
    const first = startAgent();
    await until("both entries", () => installed().length === 2);
    await first.stop();
    const second = startAgent();
    await until("its sample", () => rig.receiver.ofKind("metrics.sample").length === 2);
    await second.stop();
    assert.equal(installed().length, 2, "said once");
    await rm(join(directory, "deploy"));
    const third = startAgent();
    await until("the end", () => installed().length === 3);
    await third.stop();

    const [nightly, other, end] = installed();
    assert.deepEqual(
      [nightly?.job, nightly?.runtime, nightly?.attributes?.["recorded"]],
      ["nightly", "whenever", true],
    );
    assert.equal(nightly?.attributes?.["schedule_file"], "/srv/shop/config/schedule.rb");
    assert.equal(other?.attributes?.["recorded"], false);
    const zone = nightly?.attributes?.["host_time_zone"];
    assert.match(typeof zone === "string" ? zone : "", /^[A-Za-z]+(\/\w+)*$/);
    assert.ok(!JSON.stringify(rig.receiver.events).includes("abcdefgh12345678"));
    assert.equal(end?.attributes?.["entries"], 0);
  });
});
