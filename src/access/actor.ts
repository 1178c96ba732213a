/** Who asks, and what of everything there is that one may do and read. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Stream } from "../model/event.ts";
import type { Person, Session } from "../store/people.ts";
import type { ApiKey, Team } from "../store/store.ts";
import { type FieldGroup, type Grant, isRole, type Need, type Right, roles, scopes } from "./policy.ts";

export type Actor = {
  readonly kind: "person" | "key" | "owner" | "anyone";
  /** Stable: the person's or key's id. */
  readonly id: string;
  /** As events and timelines name it. */
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
  readonly streams: ReadonlySet<Stream>;
  readonly fields: ReadonlySet<FieldGroup>;
  /** Absent: all. */
  readonly services?: readonly string[];
  readonly environments?: readonly string[];
  /** How it proved who it is. */
  readonly by: string;
  /** Of the session, where there is one: known to nobody else, and never the cookie. */
  readonly sessionId?: string;
};

type Named = Pick<Actor, "kind" | "id" | "name" | "by">;

/** Several grants are all of them together. */
export function actorWith(named: Named, grants: readonly Grant[]): Actor {
  return {
    ...named,
    rights: new Set(grants.flatMap((grant) => grant.rights)),
    streams: new Set(grants.flatMap((grant) => grant.streams)),
    fields: new Set(grants.flatMap((grant) => grant.fields)),
  };
}

/** Whoever reaches a server whose access is `open`. */
export const anyoneAtAll: Actor = actorWith({ kind: "anyone", id: "anyone", name: "anyone", by: "none" }, [
  roles.administrator,
]);

export function actorOfKey(key: ApiKey): Actor {
  return actorWith(
    { kind: "key", id: key.id, name: key.name, by: "key" },
    key.scopes.map((scope) => scopes[scope]),
  );
}

export function actorOfPerson(person: Person, session: Pick<Session, "id" | "by">): Actor {
  const grant = isRole(person.role) ? roles[person.role] : { rights: [], streams: [], fields: [] };
  return {
    ...actorWith({ kind: "person", id: person.id, name: person.name, by: session.by }, [grant]),
    ...teamOf(person),
    sessionId: session.id,
  };
}

export function ownerOf(hostname: string): Actor {
  const name = `owner@${hostname}`;
  return actorWith({ kind: "owner", id: name, name, by: "owner key" }, [roles.administrator]);
}

/** Whether a route that needs this may be asked. A `sender` is looked at by its route. */
export function mayAsk(actor: Actor | undefined, need: Need): boolean {
  if (need === "anyone" || need === "sender") return true;
  if (actor === undefined) return false;
  return need === "signed in" || actor.rights.has(need);
}

/** What the actor looks after. */
export function teamOf({ services, environments }: Team): Team {
  return { ...(services && { services }), ...(environments && { environments }) };
}

const asking = new AsyncLocalStorage<Actor>();

/** All that `work` asks of the store, now and later, is asked by this actor. */
export function askedBy(actor: Actor, work: () => void): void {
  asking.run(actor, work);
}

/** Throws where nobody asks: a read that belongs to no request has no business with restricted data. */
export function whoAsks(): Actor {
  const actor = asking.getStore();
  if (actor === undefined) throw new Error("something was read on behalf of nobody");
  return actor;
}
