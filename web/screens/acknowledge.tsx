/** Where the link of a message leads: it asks whether to acknowledge. Opening it has changed nothing. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { LinkAnswer } from "../../src/api/watch-schemas.ts";
import { AskFault, address, change } from "../ask.ts";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Plain } from "../parts/plain.tsx";
import { Stamp } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { actor, byActor } from "../preferences.ts";
import { to } from "../route.ts";

/** Read once and taken out of the address, so that it does not stay in the history. */
const token = location.hash.slice(1);
if (token !== "") history.replaceState(null, "", location.pathname);

export function AcknowledgeScreen(): JSX.Element {
  const [link, setLink] = useState<LinkAnswer | AskFault | undefined>(undefined);
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    change<LinkAnswer>("POST", address("/links/read"), { token: token || "none" }).then(
      setLink,
      (error: unknown) => {
        if (!(error instanceof AskFault)) throw error;
        setLink(error);
      },
    );
  }, []);
  const sentence =
    link === undefined
      ? "Reading the link"
      : link instanceof AskFault
        ? "This link leads nowhere"
        : isDone
          ? "Acknowledged: nobody else is called"
          : sentenceOf(link);
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      {link instanceof AskFault && <p class="sub">{link.message}</p>}
      {link !== undefined && !(link instanceof AskFault) && (
        <>
          <p>
            <Plain text={link.because} lengthMax={600} />
          </p>
          <p class="sub">
            {`${link.severity}, since `}
            <Stamp time={link.openedTime} />
          </p>
          {link.current && link.state === "open" && !isDone && <ConfirmForm done={() => setDone(true)} />}
          <p>
            <a href={to(`/incidents/${encodeURIComponent(link.incidentId)}`)}>
              The incident, with everything about it
            </a>
          </p>
        </>
      )}
    </>
  );
}

function sentenceOf({ state, current, decidedBy = "somebody" }: LinkAnswer): string {
  if (state === "resolved") return "This is over";
  if (state === "acknowledged") return `${decidedBy} has it already`;
  return current ? "Do you look at this?" : "This was opened again since: the link is of the time before";
}

function ConfirmForm({ done }: { readonly done: () => void }): JSX.Element {
  const send = async (): Promise<void> => {
    await change("POST", address("/links/acknowledge"), { token, ...byActor() });
    done();
  };
  return (
    <Form act="Acknowledge it" send={send}>
      <Field
        label="Your name"
        value={actor.value}
        set={(name) => {
          actor.value = name;
        }}
        optional
        lengthMax={100}
      />
    </Form>
  );
}
