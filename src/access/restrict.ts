/**
 * The event store as the one who asks may see it. Routes hold nothing else, so none of them can
 * forget to look: questions are narrowed to the streams and teams of the actor before they are
 * asked, what may not be searched is refused, and what may not be read is hidden in the answer.
 * What is out of reach is answered as what does not exist.
 */

import { Fault } from "../model/fault.ts";
import type { EventFilter, EventStore, RunSummary, StoredEvent } from "../store/store.ts";
import { type Leaf, leavesOf } from "../store/terms.ts";
import { type Actor, teamOf, whoAsks } from "./actor.ts";
import { groupOf, groupOfField, visibleEvent, visibleRun } from "./hiding.ts";
import { type FieldGroup, fieldGroups } from "./policy.ts";
import { restrictedPage } from "./restrict-page.ts";

/** The part of an event or a run by which teams are told apart. */
export type Owned = { readonly service?: string; readonly environment?: string };

/** Whether this belongs to what the actor looks after. */
export function isWithin({ services, environments }: Actor, owned: Owned | undefined): boolean {
  return (
    (services === undefined || services.includes(owned?.service ?? "")) &&
    (environments === undefined || environments.includes(owned?.environment ?? ""))
  );
}

/** Throws `RIGHT_MISSING` for a question about something hidden: its answers would tell it. */
export function narrowed<Filter extends EventFilter>(filter: Filter, actor: Actor): Filter {
  refuseHidden(filter, actor);
  const streams = (filter.streams ?? [...actor.streams]).filter((stream) => actor.streams.has(stream));
  return {
    ...filter,
    streams,
    fields: [
      ...(filter.fields ?? []),
      ...(actor.services ? [{ name: "service" as const, values: actor.services }] : []),
      ...(actor.environments ? [{ name: "environment" as const, values: actor.environments }] : []),
      // Words would be looked for in output too, and tell what is in it.
      ...(hasWords(filter) && !actor.fields.has("output")
        ? [{ name: "kind" as const, values: ["job.output"], not: true }]
        : []),
    ],
  };
}

function refuseHidden(
  { words = [], attributes = [], fields = [], terms = [] }: EventFilter,
  { fields: may }: Actor,
): void {
  const wanted = [
    ...leavesOf(terms).flatMap(groupOfLeaf),
    ...(words.length > 0 ? (["text"] as const) : []),
    ...attributes.map(({ key }) => groupOf(key)),
    ...fields.flatMap(({ name }) => groupOfField(name) ?? []),
  ];
  const hidden = wanted.find((group) => !may.has(group));
  if (hidden !== undefined) {
    throw new Fault("RIGHT_MISSING", `You may not search in what you may not read: ${fieldGroups[hidden]}.`);
  }
}

function groupOfLeaf(leaf: Leaf): readonly FieldGroup[] {
  if (leaf.kind === "words") return ["text"];
  if (leaf.kind === "attribute" || leaf.kind === "attribute size") return [groupOf(leaf.key)];
  const group = groupOfField(leaf.name);
  return group === undefined ? [] : [group];
}

function hasWords({ words = [], terms = [] }: EventFilter): boolean {
  return words.length > 0 || leavesOf(terms).some(({ kind }) => kind === "words");
}

export function restrictedEvents(events: EventStore): EventStore {
  const seesJobs = (actor: Actor): boolean => actor.rights.has("see");
  const visible = (event: StoredEvent, actor: Actor): StoredEvent | undefined =>
    actor.streams.has(event.stream) && isWithin(actor, event) ? visibleEvent(event, actor) : undefined;
  const run = (found: RunSummary | undefined, actor: Actor): RunSummary | undefined =>
    found && seesJobs(actor) && isWithin(actor, found) ? visibleRun(found, actor) : undefined;
  const page = async (ask: (actor: Actor) => Promise<{ rows: readonly StoredEvent[] }>): Promise<never> => {
    const actor = whoAsks();
    const answer = await ask(actor);
    return { ...answer, rows: answer.rows.map((event) => visibleEvent(event, actor)) } as never;
  };

  return {
    ...restrictedPage(events),
    // Changes, which the rights of routes guard, and what only the server itself asks.
    insert: async (group) => await events.insert(group),
    deleteSample: async () => await events.deleteSample(),
    jobSigns: async (range, jobs, limit) => await events.jobSigns(range, jobs, limit),
    successes: async (arrived, jobs) => await events.successes(arrived, jobs),
    close: async () => await events.close(),

    events: async (query) => await page(async (actor) => await events.events(narrowed(query, actor))),
    arrivals: async (query) => await page(async (actor) => await events.arrivals(narrowed(query, actor))),
    event: async (id) => {
      const actor = whoAsks();
      const event = await events.event(id);
      return event && visible(event, actor);
    },
    histogram: async (filter, bucketsMax) => await events.histogram(narrowed(filter, whoAsks()), bucketsMax),
    fieldValues: async (filter, field, limit) => {
      const actor = whoAsks();
      refuseHidden({ ...filter, fields: [...(filter.fields ?? []), { name: field, values: [] }] }, actor);
      return await events.fieldValues(narrowed(filter, actor), field, limit);
    },
    runs: async (query) => {
      const actor = whoAsks();
      const services = both(query.services, actor.services);
      const environments = both(query.environments, actor.environments);
      const answer = await events.runs({
        ...query,
        ...(services && { services }),
        ...(environments && { environments }),
      });
      return { ...answer, rows: answer.rows.map((one) => visibleRun(one, actor)) };
    },
    run: async (runId) => run(await events.run(runId), whoAsks()),
    jobs: async (range, limit) => {
      return await events.jobs(range, limit, teamOf(whoAsks()));
    },
    openRuns: async (range, limit) => {
      const actor = whoAsks();
      return (await events.openRuns(range, limit)).flatMap((one) => run(one, actor) ?? []);
    },
    overview: async (range) => {
      return await events.overview(range, teamOf(whoAsks()));
    },
  };
}

/** What is in both lists; a list that is absent holds everything. */
function both(
  wanted: readonly string[] | undefined,
  allowed: readonly string[] | undefined,
): readonly string[] | undefined {
  if (allowed === undefined || wanted === undefined) return wanted ?? allowed;
  return wanted.filter((one) => allowed.includes(one));
}
