/** Signing in: a name and a password, then a code where one is set up. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AskFault, address, change } from "../ask.ts";
import { me, readMe } from "../me.ts";
import { useDoing } from "../parts/doing.ts";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { useTitle } from "../parts/title.ts";

export function SignInScreen(): JSX.Element {
  const isFirst = me.value?.first === true;
  const sentence = isFirst ? "Nobody can sign in here yet" : "Sign in";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      {isFirst && <FirstStart />}
      <ProviderPart />
      {!isFirst && <PasskeyPart />}
      {!isFirst && <PasswordForm />}
    </>
  );
}

function ProviderPart(): JSX.Element | null {
  const name = me.value?.provider;
  if (name === undefined) return null;
  return (
    <>
      {location.hash === "#refused" && (
        <p class="failed" role="alert">
          {name} did not let you in here. An administrator finds the reason in the log of the server.
        </p>
      )}
      <p>
        <a class="control strong" href="/sign-in/provider">
          Sign in with {name}
        </a>
      </p>
    </>
  );
}

function PasskeyPart(): JSX.Element {
  const { said, run } = useDoing();
  const enter = (): void =>
    run(async () => {
      const { signInWithPasskey } = await import("../passkeys.ts");
      const wrong = await signInWithPasskey();
      if (wrong === "") await readMe();
      return wrong;
    });
  return (
    <p>
      <button type="button" class="control" onClick={enter}>
        Sign in with a passkey
      </button>{" "}
      <span role="status">{said}</span>
    </p>
  );
}

function FirstStart(): JSX.Element {
  return (
    <>
      <p class="sub">
        Midwatch printed a link when it was started. Open it to become the first administrator; it is good for
        a day.
      </p>
      <p>
        Is it lost? On the machine of the server, this prints a new one:{" "}
        <code>midwatch people invite NAME --role administrator</code>
      </p>
    </>
  );
}

function PasswordForm(): JSX.Element {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | undefined>(undefined);

  const send = async (): Promise<void> => {
    try {
      await change("POST", address("/sign-in"), { name, password, ...(code !== undefined && { code }) });
      await readMe();
    } catch (error) {
      if (!(error instanceof AskFault) || error.code !== "CODE_NEEDED") throw error;
      setCode("");
    }
  };

  return (
    <Form act="Sign in" send={send}>
      <Field label="Name" complete="username" lengthMax={100} value={name} set={setName} />
      <Field
        label="Password"
        type="password"
        complete="current-password"
        value={password}
        set={setPassword}
      />
      {code !== undefined && (
        <label>
          Code, or a recovery code
          <input
            class="field"
            type="text"
            name="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            required
            maxLength={40}
            value={code}
            ref={(field) => field?.focus()}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
      )}
    </Form>
  );
}
