/** A command of the user's own, started without a shell; the message is JSON on its standard input. */
import { spawn } from "node:child_process";
import type { ChannelKind, Delivery, Send } from "../channel.ts";

const runMsMax = 30_000;

export const command: ChannelKind = {
  fields: { command: { form: "texts", required: true, about: "program and arguments, as a list" } },
  hearsAcknowledgements: true,
  make(settings) {
    const [program = "", ...words] = settings.texts("command");
    const send: Send = (message, letter) => {
      const { promise, resolve } = Promise.withResolvers<Delivery>();
      // Nothing of our own environment: it may hold secrets of other channels.
      const env = { PATH: "/usr/local/bin:/usr/bin:/bin", MIDWATCH_TIDING: message.tiding };
      const child = spawn(program, words, {
        env,
        stdio: ["pipe", "ignore", "ignore"],
      });
      const timer = setTimeout(() => child.kill("SIGKILL"), runMsMax);
      child.on("error", ({ message: because }) =>
        resolve({ outcome: "failed", permanent: false, receipt: because }),
      );
      child.on("close", (code, signal) =>
        resolve(
          code === 0
            ? { outcome: "delivered", receipt: "exit 0" }
            : {
                outcome: "failed",
                permanent: false,
                receipt: signal ? `ended by ${signal}` : `exit ${code}`,
              },
        ),
      );
      // It need not read: what it does with the message is its own affair.
      child.stdin.on("error", () => undefined);
      child.stdin.end(
        `${JSON.stringify({ id: message.id, tiding: message.tiding, ...letter, incident: message.incident })}\n`,
      );
      return promise.finally(() => clearTimeout(timer));
    };
    return { send };
  },
};
