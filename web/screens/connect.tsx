/** How an application is connected, and the keys that its hosts send with. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MadeKey } from "../../src/access/keyring.ts";
import type { Key, KeyList } from "../../src/api/schemas.ts";
import { AskFault, address, change, useAnswer } from "../ask.ts";
import { CopyBlock } from "../parts/copy.tsx";
import { Loading, Problem, Refused } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { counted } from "../words.ts";
import { SampleButton } from "./sample.tsx";
import { Steps } from "./steps.tsx";

export function ConnectScreen(): JSX.Element {
  const { data, fault, again } = useAnswer<KeyList>(address("/keys"), 15_000);
  const live = (data?.rows ?? []).filter((key) => key.revokedTime === undefined);
  const sentence = !data
    ? "Connect an application"
    : live.length === 0
      ? "No key exists yet: nothing outside can send to this server."
      : `${counted(live.length, "key")} may send to or read from this server.`;
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">Recorders write to a spool on their host; the agent there ships it here with a key.</p>
      <section aria-labelledby="how">
        <h2 id="how">Connect an application</h2>
        <Steps />
      </section>
      <section aria-labelledby="keys">
        <h2 id="keys">Keys</h2>
        <NewKeyForm made={again} />
        {fault && !data && <Problem fault={fault} again={again} />}
        {!data && !fault && <Loading what="keys" rows={3} />}
        {live.length > 0 && <KeyTable keys={live} changed={again} />}
      </section>
      <section aria-labelledby="sample-day">
        <h2 id="sample-day">A day to try it with</h2>
        <SampleButton />
      </section>
    </>
  );
}

function NewKeyForm({ made }: { readonly made: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [answer, setAnswer] = useState<MadeKey | AskFault | undefined>(undefined);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      setAnswer(await change<MadeKey>("POST", address("/keys"), { name, scopes: ["send"] }));
      setName("");
      made();
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setAnswer(error);
    }
  };
  return (
    <>
      <form class="inline" onSubmit={(event) => void make(event)}>
        <input
          class="field"
          type="text"
          aria-label="Name of the new key"
          placeholder="Name, such as the host it is for"
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="control">
          Make a key that may send
        </button>
      </form>
      {answer instanceof AskFault && <Refused message={answer.message} />}
      {answer !== undefined && !(answer instanceof AskFault) && (
        <div role="status">
          <p>This is the only time that it is shown:</p>
          <CopyBlock name="the new key" text={answer.key} />
        </div>
      )}
    </>
  );
}

function KeyTable({
  keys,
  changed,
}: {
  readonly keys: readonly Key[];
  readonly changed: () => void;
}): JSX.Element {
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const revoke = async (id: string): Promise<void> => {
    if (asked !== id) {
      setAsked(id);
      return;
    }
    setAsked(undefined);
    await change("DELETE", address(`/keys/${encodeURIComponent(id)}`));
    changed();
  };
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="List of keys">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Id</th>
            <th scope="col">May</th>
            <th scope="col" class="right">
              Made
            </th>
            <th scope="col" class="right">
              Last used
            </th>
            <th scope="col" class="right">
              <span class="hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <Plain text={key.name} lengthMax={100} />
              </td>
              <td class="mono quiet">{key.id}</td>
              <td>{key.scopes.join(", ")}</td>
              <td class="right mono">
                <Ago time={key.createdTime} />
              </td>
              <td class="right mono">
                {key.lastUsedTime === undefined ? "never" : <Ago time={key.lastUsedTime} />}
              </td>
              <td class="right">
                <button type="button" class="link" onClick={() => void revoke(key.id)}>
                  {asked === key.id ? `Really revoke ${key.name}` : "Revoke"}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
