/** Where a link leads that is good once: to the first administrator, to a new person, to a new password. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { InvitationAnswer } from "../../src/api/access-schemas.ts";
import { AskFault, address, change } from "../ask.ts";
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
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const isNamed = invitation.name !== undefined;

  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setSaid("");
    try {
      await change("POST", address("/invitations/accept"), {
        token,
        password,
        ...(!isNamed && { name }),
      });
      location.assign("/");
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid(error.message);
      setBusy(false);
    }
  };

  return (
    <form class="stack" onSubmit={(event) => void send(event)}>
      {invitation.kind === "person" && <p class="sub">As {invitation.role} of this Midwatch.</p>}
      <label>
        Name
        <input
          class="field"
          type="text"
          name="username"
          autocomplete="username"
          required
          readOnly={isNamed}
          maxLength={64}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        Password, at least 12 characters
        <input
          class="field"
          type="password"
          name="password"
          autocomplete="new-password"
          required
          minLength={12}
          maxLength={200}
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      {said !== "" && (
        <p class="failed" role="alert">
          {said}
        </p>
      )}
      <button type="submit" class="control strong" disabled={busy}>
        Go on
      </button>
    </form>
  );
}
