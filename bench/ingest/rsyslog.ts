/** rsyslog: lines over TCP into one file that it syncs, by two senders. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { cpuMicros, endProcess, type Measured, waitUntil } from "./processes.ts";

const program = "/usr/sbin/rsyslogd";

export const isRsyslogInstalled = (): boolean => existsSync(program);

export async function feedRsyslog(
  directory: string,
  batches: readonly Buffer[],
  events: number,
): Promise<Measured & { readonly bytesPerEvent: number }> {
  const place = join(directory, "rsyslog");
  mkdirSync(place);
  const output = join(place, "events.log");
  const portFile = join(place, "port");
  writeFileSync(join(place, "rsyslog.conf"), configuration(place, output, portFile));
  const child = spawn(program, ["-n", "-f", join(place, "rsyslog.conf"), "-i", join(place, "pid")], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  try {
    await waitUntil("rsyslogd listens", 10_000, () => existsSync(portFile) && statSync(portFile).size > 0);
    const port = Number(readFileSync(portFile, "utf8"));
    const bytes = batches.reduce((sum, batch) => sum + batch.length, 0);
    const cpuBefore = cpuMicros(child.pid as number);
    const startedMs = performance.now();
    await Promise.all(
      [0, 1].map((sender) =>
        feed(
          port,
          batches.filter((_, index) => index % 2 === sender),
        ),
      ),
    );
    await waitUntil(
      "rsyslogd wrote every line",
      120_000,
      () => existsSync(output) && statSync(output).size >= bytes,
    );
    return {
      events,
      wallMs: performance.now() - startedMs,
      cpuMicros: cpuMicros(child.pid as number) - cpuBefore,
      bytesPerEvent: bytes / events,
    };
  } finally {
    await endProcess(child);
  }
}

/** The raw message alone is written, so that both write the same bytes. */
function configuration(place: string, output: string, portFile: string): string {
  return `
global(workDirectory="${place}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="${portFile}" ruleset="events")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="events") {
  action(type="omfile" file="${output}" template="raw" sync="on")
}
`;
}

async function feed(port: number, batches: readonly Buffer[]): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  for (const batch of batches) if (!socket.write(batch)) await once(socket, "drain");
  socket.end();
  await once(socket, "close");
}
