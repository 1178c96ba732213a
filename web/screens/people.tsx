/** The people of this Midwatch: who may what, who is to come, and who is signed in. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Role } from "../../src/access/policy.ts";
import type { LinkAnswer, PeopleAnswer, PersonAnswer, SessionList } from "../../src/api/access-schemas.ts";
import { AskFault, address, change, useAnswer } from "../ask.ts";
import { CopyBlock } from "../parts/copy.tsx";
import { Field } from "../parts/field.tsx";
import { Loading, Problem, Refused } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { counted } from "../words.ts";
import { SessionTable } from "./account.tsx";

const roles: readonly (readonly [Role, string])[] = [
  ["viewer", "sees that things ran and how; reads no text"],
  ["responder", "on call: reads what helps, decides about incidents"],
  ["analyst", "reads everything that applications did"],
  ["auditor", "reads who looked at what, and proves it"],
  ["administrator", "may everything"],
];

export function PeopleScreen(): JSX.Element {
  const { data, fault, again } = useAnswer<PeopleAnswer>(address("/people"), 15_000);
  const count = data?.rows.filter(({ disabled }) => !disabled).length ?? 0;
  const sentence = data ? `${counted(count, "person", "people")} may sign in here.` : "People";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <section aria-labelledby="invite">
        <h2 id="invite">Invite somebody</h2>
        <InviteForm invited={again} />
      </section>
      <section aria-labelledby="list">
        <h2 id="list">Who is here</h2>
        {fault && !data && <Problem fault={fault} again={again} />}
        {!data && !fault && <Loading what="people" rows={3} />}
        {data && <PeopleTable answer={data} changed={again} />}
      </section>
      <AllSessions />
    </>
  );
}

const list = (text: string): readonly string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

function InviteForm({ invited }: { readonly invited: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [services, setServices] = useState("");
  const [answer, setAnswer] = useState<string | AskFault | undefined>(undefined);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const chosen = list(services);
      const body = { name, role, ...(chosen.length > 0 && { services: chosen }) };
      const { path } = await change<LinkAnswer>("POST", address("/people"), body);
      setAnswer(location.origin + path);
      setName("");
      invited();
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setAnswer(error);
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void send(event)}>
      <Field label="Name" value={name} set={setName} />
      <label>
        Role
        <select class="field" value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
          {roles.map(([value, about]) => (
            <option key={value} value={value}>
              {value}: {about}
            </option>
          ))}
        </select>
      </label>
      <Field
        label="Services that this one looks after"
        value={services}
        set={setServices}
        optional
        hint="all, or such as shop, billing"
      />
      <button type="submit" class="control">
        Make a link
      </button>
      {answer instanceof AskFault && <Refused message={answer.message} />}
      {typeof answer === "string" && (
        <div role="status">
          <p>Give this link to that person. It is good once, for a week, and shown this once:</p>
          <CopyBlock name="the link" text={answer} />
        </div>
      )}
    </form>
  );
}

type TableGiven = { readonly answer: PeopleAnswer; readonly changed: () => void };

function PeopleTable({ answer, changed }: TableGiven): JSX.Element {
  const [link, setLink] = useState("");
  const [said, setSaid] = useState("");
  const act = async (work: () => Promise<string>): Promise<void> => {
    try {
      setSaid(await work());
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid(error.message);
    }
    changed();
  };
  const put = (person: PersonAnswer, body: object): void =>
    void act(async () => {
      await change("PUT", address(`/people/${encodeURIComponent(person.id)}`), body);
      return `Changed ${person.name}.`;
    });
  const reset = (person: PersonAnswer): void =>
    void act(async () => {
      const path = address(`/people/${encodeURIComponent(person.id)}/reset`);
      setLink(location.origin + (await change<LinkAnswer>("POST", path)).path);
      return `With this link ${person.name} sets a password anew:`;
    });
  return (
    <>
      <p role="status">{said}</p>
      {link !== "" && <CopyBlock name="the link" text={link} />}
      <div class="wide-table" tabIndex={0} role="region" aria-label="List of people">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Role</th>
              <th scope="col">Looks after</th>
              <th scope="col">Second proof</th>
              <th scope="col" class="right">
                Seen
              </th>
              <th scope="col" class="right">
                <span class="hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((person) => (
              <PersonRow key={person.id} person={person} put={put} reset={reset} />
            ))}
            {answer.invitations.map(({ id, name, role, madeBy, expiresTime }) => (
              <tr key={id}>
                <td class="quiet">
                  <Plain text={name ?? "the first administrator"} lengthMax={64} />
                </td>
                <td class="quiet">{role}</td>
                <td class="quiet" colSpan={3}>
                  invited by {madeBy}, until <Ago time={expiresTime} />
                </td>
                <td />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

type RowGiven = {
  readonly person: PersonAnswer;
  readonly put: (person: PersonAnswer, body: object) => void;
  readonly reset: (person: PersonAnswer) => void;
};

function PersonRow({ person, put, reset }: RowGiven): JSX.Element {
  const team = [...(person.services ?? []), ...(person.environments ?? [])].join(", ");
  const proofs = [
    ...(person.hasCodes ? ["codes"] : []),
    ...(person.passkeys > 0 ? [counted(person.passkeys, "passkey")] : []),
    ...(person.provider ? ["provider"] : []),
  ];
  return (
    <tr>
      <td class={person.disabled ? "quiet" : undefined}>
        <Plain text={person.name} lengthMax={64} />
        {person.disabled && " (shut out)"}
      </td>
      <td>
        <select
          class="field"
          aria-label={`Role of ${person.name}`}
          value={person.role}
          onChange={(event) => put(person, { role: event.currentTarget.value })}
        >
          {roles.map(([value]) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      </td>
      <td>
        <Plain text={team === "" ? "everything" : team} lengthMax={100} />
      </td>
      <td>{proofs.join(", ") || "none"}</td>
      <td class="right mono">
        {person.lastSeenTime === undefined ? "never" : <Ago time={person.lastSeenTime} />}
      </td>
      <td class="right">
        <button type="button" class="link" onClick={() => reset(person)}>
          New password
        </button>{" "}
        <button type="button" class="link" onClick={() => put(person, { disabled: !person.disabled })}>
          {person.disabled ? "Let in" : "Shut out"}
        </button>
      </td>
    </tr>
  );
}

function AllSessions(): JSX.Element {
  const { data, again } = useAnswer<SessionList>(address("/sessions"), 30_000);
  const end = async (id: string): Promise<void> => {
    await change("DELETE", address(`/sessions/${encodeURIComponent(id)}`));
    again();
  };
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Who is signed in</h2>
      <SessionTable rows={data?.rows ?? []} withPerson end={({ id }) => void end(id)} />
    </section>
  );
}
