/** Where a link leads that is good once: to the first administrator, to a new person, to a new password. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { InvitationAnswer } from "../../src/api/access-schemas.ts";
import { AskFault, address, change } from "../ask.ts";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { useTitle } from "../parts/title.ts";

/** Read once and taken out of the address, so that it does not stay in the history. */
const token = decodeURIComponent(location.hash.slice(1));
if (token !== "") history.replaceState(null, "", location.pathname);

const sentences = {
  first: "Become the first administrator",
  person: "You are invited",
  reset: "Set your password anew",
} as const;

export function JoinScreen(): JSX.Element {
  const [invitation, setInvitation] = useState<InvitationAnswer | AskFault | undefined>(undefined);
  useEffect(() => {
    change<InvitationAnswer>("POST", address("/invitations/read"), { token: token || "none" }).then(
      setInvitation,
      (error: unknown) => {
        if (!(error instanceof AskFault)) throw error;
        setInvitation(error);
      },
    );
  }, []);
  const sentence =
    invitation === undefined
      ? "Reading the link"
      : invitation instanceof AskFault
        ? "This link leads nowhere"
        : sentences[invitation.kind];
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      {invitation instanceof AskFault && (
        <p class="sub">
          {invitation.message} <a href="/">Sign in</a>
        </p>
      )}
      {invitation !== undefined && !(invitation instanceof AskFault) && <JoinForm invitation={invitation} />}
    </>
  );
}

function JoinForm({ invitation }: { readonly invitation: InvitationAnswer }): JSX.Element {
  const [name, setName] = useState(invitation.name ?? "");
  const [password, setPassword] = useState("");
  const isNamed = invitation.name !== undefined;
  const send = async (): Promise<void> => {
    await change("POST", address("/invitations/accept"), { token, password, ...(!isNamed && { name }) });
    location.assign("/");
  };
  return (
    <Form act="Go on" send={send}>
      {invitation.kind === "person" && <p class="sub">As {invitation.role} of this Midwatch.</p>}
      <Field label="Name" complete="username" fixed={isNamed} lengthMax={64} value={name} set={setName} />
      <Field
        label="Password, at least 12 characters"
        type="password"
        complete="new-password"
        lengthMin={12}
        lengthMax={200}
        value={password}
        set={setPassword}
      />
    </Form>
  );
}
