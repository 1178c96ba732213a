/** My account: what I may, my password, one-time codes, passkeys and sessions. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type {
  NewTotpAnswer,
  RecoveryCodesAnswer,
  SessionAnswer,
  SessionList,
} from "../../src/api/access-schemas.ts";
import { address, change, useAnswer } from "../ask.ts";
import { me, readMe, signOut } from "../me.ts";
import { CopyBlock } from "../parts/copy.tsx";
import { useDoing } from "../parts/doing.ts";
import { Field } from "../parts/field.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";

export function AccountScreen(): JSX.Element {
  const known = me.value?.me;
  const sentence = known ? `You are ${known.name}` : "Your account";
  useTitle(sentence);
  if (!known) return <h1>{sentence}</h1>;
  const team = [...(known.services ?? []), ...(known.environments ?? [])].join(", ");
  return (
    <>
      <h1>
        <Plain text={sentence} lengthMax={100} />
        {known.role && `, ${known.role}`}
      </h1>
      <p class="sub">
        You look after {team === "" ? "everything" : team}. You may {known.rights.join(", ")}.
      </p>
      {known.kind === "person" ? <PersonParts /> : <p>You came in without a name: access is open.</p>}
    </>
  );
}

function PersonParts(): JSX.Element {
  return (
    <>
      <p>
        <button type="button" class="control" onClick={() => void signOut()}>
          Sign out
        </button>
      </p>
      {me.value?.me?.hasPassword && <PasswordPart />}
      {me.value?.me?.hasPassword && <CodesPart />}
      <PasskeysPart />
      <SessionsPart />
    </>
  );
}

function PasswordPart(): JSX.Element {
  const [password, setPassword] = useState("");
  const [next, setNext] = useState("");
  const { said, busy, run } = useDoing();
  const send = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      await change("POST", address("/me/password"), { password, next });
      setPassword("");
      setNext("");
      return "Changed. All your other sessions have ended.";
    });
  };
  return (
    <section aria-labelledby="password">
      <h2 id="password">Password</h2>
      <form class="stack" onSubmit={send}>
        <Field label="Now" type="password" complete="current-password" value={password} set={setPassword} />
        <Field
          label="New, at least 12 characters"
          type="password"
          complete="new-password"
          value={next}
          set={setNext}
        />
        <button type="submit" class="control" disabled={busy}>
          Change it
        </button>
        <p role="status">{said}</p>
      </form>
    </section>
  );
}

function CodesPart(): JSX.Element {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [begun, setBegun] = useState<NewTotpAnswer | undefined>(undefined);
  const [recovery, setRecovery] = useState<readonly string[]>([]);
  const { said, busy, run } = useDoing();
  const has = me.value?.me?.hasCodes === true;

  const begin = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      if (has) {
        await change("POST", address("/me/codes/remove"), { password });
        await readMe();
      } else setBegun(await change<NewTotpAnswer>("POST", address("/me/codes"), { password }));
      setPassword("");
      return has ? "Removed. You sign in with your password alone." : "";
    });
  };
  const confirm = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const { codes } = await change<RecoveryCodesAnswer>("POST", address("/me/codes/confirm"), { code });
      setRecovery(codes);
      setBegun(undefined);
      await readMe();
      return "Set up. From now on you are asked for a code.";
    });
  };

  return (
    <section aria-labelledby="codes">
      <h2 id="codes">One-time codes</h2>
      <p>
        {has
          ? `Set up; ${me.value?.me?.recoveryCodes ?? 0} recovery codes are left.`
          : "A code from an application on your telephone, beside the password."}
      </p>
      {recovery.length > 0 && (
        <div>
          <p>Keep these where you keep passwords. Each is good once, in place of a code:</p>
          <CopyBlock name="the recovery codes" text={recovery.join("\n")} />
        </div>
      )}
      {begun ? (
        <form class="stack" onSubmit={confirm}>
          <p>Give your application this key, or open the address on your telephone:</p>
          <CopyBlock name="the key" text={begun.secret} />
          <p>
            <a href={begun.address}>Open in an application</a>
          </p>
          <Field label="The code that it shows" complete="one-time-code" value={code} set={setCode} />
          <button type="submit" class="control" disabled={busy}>
            Set up
          </button>
        </form>
      ) : (
        <form class="stack" onSubmit={begin}>
          <Field
            label="Your password"
            type="password"
            complete="current-password"
            value={password}
            set={setPassword}
          />
          <button type="submit" class="control" disabled={busy}>
            {has ? "Remove" : "Begin"}
          </button>
        </form>
      )}
      <p role="status">{said}</p>
    </section>
  );
}

function PasskeysPart(): JSX.Element {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { said, busy, run } = useDoing();
  const known = me.value?.me;
  const make = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const { makePasskey } = await import("../passkeys.ts");
      const wrong = await makePasskey(name, password);
      setPassword("");
      await readMe();
      return wrong === "" ? "Made. It opens your account from now on." : wrong;
    });
  };
  const remove = (id: string): void =>
    run(async () => {
      const proof = password === "" ? {} : { password };
      await change("POST", address(`/me/passkeys/${encodeURIComponent(id)}/remove`), proof);
      setPassword("");
      await readMe();
      return "Removed.";
    });
  return (
    <section aria-labelledby="passkeys">
      <h2 id="passkeys">Passkeys</h2>
      <p>A key on your device, in place of password and code. Its secret never leaves the device.</p>
      <ul>
        {(known?.passkeys ?? []).map((passkey) => (
          <li key={passkey.id}>
            <Plain text={passkey.name} lengthMax={64} />, made <Ago time={passkey.createdTime} />{" "}
            <button type="button" class="link" onClick={() => remove(passkey.id)}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <form class="stack" onSubmit={make}>
        <Field label="Name of the device" value={name} set={setName} />
        {known?.hasPassword && (
          <Field
            label="Your password, to add or remove one"
            type="password"
            complete="current-password"
            value={password}
            set={setPassword}
          />
        )}
        <button type="submit" class="control" disabled={busy}>
          Make a passkey
        </button>
        <p role="status">{said}</p>
      </form>
    </section>
  );
}

function SessionsPart(): JSX.Element {
  const { data, again } = useAnswer<SessionList>(address("/me/sessions"), 30_000);
  const end = async ({ id, current }: SessionAnswer): Promise<void> => {
    if (current) return await signOut();
    await change("DELETE", address(`/me/sessions/${encodeURIComponent(id)}`));
    again();
  };
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <SessionTable rows={data?.rows ?? []} end={(session) => void end(session)} />
    </section>
  );
}

export function SessionTable({
  rows,
  end,
  withPerson = false,
}: {
  readonly rows: readonly SessionAnswer[];
  readonly end: (session: SessionAnswer) => void;
  readonly withPerson?: boolean;
}): JSX.Element {
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="List of sessions">
      <table>
        <thead>
          <tr>
            {withPerson && <th scope="col">Person</th>}
            <th scope="col">Browser</th>
            <th scope="col">From</th>
            <th scope="col">By</th>
            <th scope="col" class="right">
              Since
            </th>
            <th scope="col" class="right">
              Seen
            </th>
            <th scope="col" class="right">
              <span class="hidden">End</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((session) => (
            <tr key={session.id}>
              {withPerson && (
                <td>
                  <Plain text={session.person} lengthMax={64} />
                </td>
              )}
              <td>
                <Plain text={session.browser} lengthMax={60} />
                {session.current && " (this one)"}
              </td>
              <td class="mono">{session.address}</td>
              <td>{session.by}</td>
              <td class="right mono">
                <Ago time={session.madeTime} />
              </td>
              <td class="right mono">
                <Ago time={session.seenTime} />
              </td>
              <td class="right">
                <button type="button" class="link" onClick={() => end(session)}>
                  {session.current ? "Sign out" : "End"}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
