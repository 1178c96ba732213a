/** `midwatch people`: who may sign in to a server, and what they may. */
import { type Command, Option } from "commander";
import { roleNames } from "../../access/policy.ts";
import type { LinkAnswer, PeopleAnswer, PersonAnswer, SessionList } from "../../api/access-schemas.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { printable } from "../printable.ts";
import { showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";
import type { Terminal } from "../terminal.ts";

type Listing = ServerPlace & { readonly json?: true };
type Team = { readonly service?: readonly string[]; readonly environment?: readonly string[] };
type InviteOptions = ServerPlace & Team & { readonly role: string };
type ChangeOptions = ServerPlace & {
  readonly role?: string;
  readonly service?: readonly string[];
  readonly environment?: readonly string[];
};

export const addPeople: AddCommand = (program, terminal) => {
  const people = program
    .command("people")
    .summary("invite people, change what they may, end their sessions")
    .description(
      "Invites people, changes what they may, and ends their sessions. On the machine of the server its\n" +
        "owner may do this without signing in; elsewhere a key with the scope `admin` is needed.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch people invite maria --role responder --service shop\n" +
        "  midwatch people list\n" +
        "  midwatch people change maria --role analyst --all-services\n" +
        "  midwatch people sessions\n",
    );

  addList(people, terminal);
  addInvite(people, terminal);
  addChange(people, terminal);
  addReset(people, terminal);
  addRemove(people, terminal);
  addSessions(people, terminal);
};

function addList(people: Command, terminal: Terminal): void {
  addServerOption(people.command("list"), terminal)
    .summary("list people, and invitations that nobody has used")
    .description("Lists people and what they may, and invitations that nobody has used.")
    .option("--json", "print each person as one line of JSON")
    .action(async (options: Listing) => {
      const { rows, invitations } = await makeClient(options, terminal).get<PeopleAnswer>("/api/v1/people");
      if (options.json) {
        await terminal.write(rows.map((person) => `${JSON.stringify(person)}\n`).join(""));
        return;
      }
      if (rows.length + invitations.length === 0) {
        throw new CommandFailure("nothing", "nobody is here yet; `midwatch people invite` makes a link");
      }
      const cells = [
        ...rows.map((person) => personCells(person)),
        ...invitations.map(({ name, role, expiresTime }) =>
          row(name ?? "", "invited", role, "", `until ${showTime(expiresTime)}`),
        ),
      ];
      const heads = row("NAME", "STATE", "ROLE", "FOR", "LAST SEEN");
      await terminal.write(`${tableLines(heads, cells, inkOf(terminal)).join("\n")}\n`);
    });
}

const row = (...texts: readonly string[]): readonly Cell[] =>
  texts.map((text) => ({ text: printable(text) }));

function personCells(person: PersonAnswer): readonly Cell[] {
  const { name, role, disabled, services = [], environments = [], lastSeenTime } = person;
  const team = [...services, ...environments].join(", ") || "everything";
  return row(name, disabled ? "disabled" : "good", role, team, showTime(lastSeenTime));
}

function addInvite(people: Command, terminal: Terminal): void {
  addServerOption(people.command("invite"), terminal)
    .summary("make a link with which a person comes in")
    .description(
      "Makes a link with which a person sets a password and comes in. It is good once, for a week.",
    )
    .argument("<name>", "as the person will sign in, and sign what it does")
    .addOption(new Option("--role <role>", "what it may").choices(roleNames).default("viewer"))
    .option("--service <name...>", "look after these services only")
    .option("--environment <name...>", "look after these environments only")
    .action(async (name: string, { role, service, environment, ...place }: InviteOptions) => {
      const body = {
        name,
        role,
        ...(service && { services: service }),
        ...(environment && { environments: environment }),
      };
      const { path } = await makeClient(place, terminal).send<LinkAnswer>("POST", "/api/v1/people", body);
      await showLink(path, place, terminal);
    });
}

async function showLink(path: string, { server }: ServerPlace, terminal: Terminal): Promise<void> {
  terminal.note("It is good once, and shown this once:");
  await terminal.write(`${new URL(path, server).href}\n`);
}

function addChange(people: Command, terminal: Terminal): void {
  addServerOption(people.command("change"), terminal)
    .summary("change what a person may, or shut it out")
    .description("Changes what a person may. Holds from its next request on.")
    .argument("<name>", "the person")
    .addOption(new Option("--role <role>", "what it may").choices(roleNames))
    .option("--service <name...>", "look after these services only")
    .addOption(new Option("--all-services", "look after all services").conflicts("service"))
    .option("--environment <name...>", "look after these environments only")
    .addOption(new Option("--all-environments", "look after all environments").conflicts("environment"))
    .addOption(new Option("--disable", "shut it out, and end its sessions").conflicts("enable"))
    .option("--enable", "let it in again")
    .action(async (name: string, options: ChangeOptions & Record<string, unknown>) => {
      const client = makeClient(options, terminal);
      const { id } = await findPerson(client, name);
      const change = changeOf(options);
      if (Object.keys(change).length === 0) throw new CommandFailure("usage", "nothing to change was given");
      await client.send<PersonAnswer>("PUT", `/api/v1/people/${encodeURIComponent(id)}`, change);
      terminal.note("Changed.");
    });
}

function changeOf(options: ChangeOptions & Record<string, unknown>): Record<string, unknown> {
  const { role, service, environment } = options;
  return {
    ...(role !== undefined && { role }),
    ...(service && { services: service }),
    ...("allServices" in options && { services: null }),
    ...(environment && { environments: environment }),
    ...("allEnvironments" in options && { environments: null }),
    ...("disable" in options && { disabled: true }),
    ...("enable" in options && { disabled: false }),
  };
}

async function findPerson(client: ReturnType<typeof makeClient>, name: string): Promise<PersonAnswer> {
  const { rows } = await client.get<PeopleAnswer>("/api/v1/people");
  const person = rows.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!person) throw new CommandFailure("nothing", `nobody is called ${name}`);
  return person;
}

function addReset(people: Command, terminal: Terminal): void {
  addServerOption(people.command("reset"), terminal)
    .summary("make a link with which a person sets a password anew")
    .description(
      "Makes a link with which a person sets a password anew; it ends all its sessions. Good for a day.",
    )
    .argument("<name>", "the person")
    .action(async (name: string, place: ServerPlace) => {
      const client = makeClient(place, terminal);
      const { id } = await findPerson(client, name);
      const { path } = await client.send<LinkAnswer>(
        "POST",
        `/api/v1/people/${encodeURIComponent(id)}/reset`,
      );
      await showLink(path, place, terminal);
    });
}

function addRemove(people: Command, terminal: Terminal): void {
  addServerOption(people.command("remove"), terminal)
    .summary("remove a person")
    .description("Removes a person. What it did stays signed with its name.")
    .argument("<name>", "the person")
    .action(async (name: string, place: ServerPlace) => {
      const client = makeClient(place, terminal);
      const { id } = await findPerson(client, name);
      await client.send("DELETE", `/api/v1/people/${encodeURIComponent(id)}`);
      terminal.note(`Removed ${printable(name)}.`);
    });
}

function addSessions(people: Command, terminal: Terminal): void {
  addServerOption(people.command("sessions"), terminal)
    .summary("list sessions, or end one")
    .description("Lists who is signed in, from where and since when; with --end, ends one session.")
    .option("--end <id>", "end this session")
    .option("--json", "print each session as one line of JSON")
    .action(async ({ end, json, ...place }: Listing & { readonly end?: string }) => {
      const client = makeClient(place, terminal);
      if (end !== undefined) {
        await client.send("DELETE", `/api/v1/sessions/${encodeURIComponent(end)}`);
        terminal.note("Ended.");
        return;
      }
      const { rows } = await client.get<SessionList>("/api/v1/sessions");
      if (rows.length === 0) throw new CommandFailure("nothing", json ? "" : "nobody is signed in");
      const lines = json
        ? rows.map((session) => JSON.stringify(session))
        : tableLines(
            row("ID", "PERSON", "BY", "FROM", "SINCE", "SEEN"),
            rows.map(({ id, person, by, address, madeTime, seenTime }) =>
              row(id, person, by, address, showTime(madeTime), showTime(seenTime)),
            ),
            inkOf(terminal),
          );
      await terminal.write(`${lines.join("\n")}\n`);
    });
}
