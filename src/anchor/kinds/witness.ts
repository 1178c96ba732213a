/**
 * A witness (c2sp.org/tlog-witness): another Midwatch, or any other program that speaks the protocol.
 * It sees that the ledger only grows, and signs that it saw it; its cosignature is kept beside the
 * checkpoint.
 */
import { reasonOf } from "../../alert/http.ts";
import { Fault } from "../../model/fault.ts";
import { cosignedAt } from "../../seal/cosign.ts";
import { cosignerMark, parseVerifier } from "../../seal/note.ts";
import { formatAddCheckpoint } from "../../seal/witness-server.ts";
import { type Anchored, type AnchorKind, delivered, failed } from "../anchor.ts";

const answerMsMax = 15_000;
const answerLengthMax = 64 * 1024;

export const witness: AnchorKind = {
  fields: {
    url: { form: "text", required: true, about: "its submission prefix: `/add-checkpoint` is put behind" },
    key: {
      form: "text",
      required: true,
      about: "its public key, as `midwatch ledger witness-key` prints it",
    },
  },
  everySeconds: 60,
  make(settings, { keepCosigned }) {
    const address = `${(settings.text("url") ?? "").replace(/\/+$/, "")}/add-checkpoint`;
    if (!/^https?:\/\/\S+$/.test(address)) throw new Fault("CONFIG_INVALID", "its url must be an address");
    const key = parseVerifier(settings.text("key") ?? "", cosignerMark);
    if (key === undefined) throw new Fault("CONFIG_INVALID", "its key is no public key of a witness");

    return async (anchored) => {
      try {
        let answer = await post(address, anchored, anchored.lastSize);
        const known = answer.status === 409 ? /^(0|[1-9]\d{0,15})\n$/.exec(answer.text)?.[1] : undefined;
        if (known !== undefined) {
          const size = Number(known);
          if (size > anchored.head.size) {
            return failed(
              `rollback: the witness tells of ${size} entries, the ledger has ${anchored.head.size}`,
            );
          }
          answer = await post(address, anchored, size);
        }
        if (answer.status !== 200) return failed(`${answer.status} ${oneLine(answer.text)}`);
        const note = anchored.head.note + answer.text;
        const atSeconds = cosignedAt(note, key);
        if (atSeconds === undefined) return failed(`the answer is not signed by ${key.name}`);
        await keepCosigned(key, note);
        return delivered(`cosigned by ${key.name} at ${new Date(atSeconds * 1000).toISOString()}`);
      } catch (error) {
        return failed(reasonOf(error));
      }
    };
  },
};

async function post(address: string, { head, consistency }: Anchored, oldSize: number) {
  const proof = oldSize === 0 || oldSize === head.size ? [] : consistency(oldSize);
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "text/plain; charset=utf-8", "user-agent": "Midwatch" },
    body: formatAddCheckpoint({ oldSize, proof, note: head.note }),
    redirect: "error",
    signal: AbortSignal.timeout(answerMsMax),
  });
  return { status: response.status, text: (await response.text()).slice(0, answerLengthMax) };
}

const oneLine = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 200);
