/** The watch as the one who asks may see it: incidents and monitors of other teams do not exist. */
import type { Watch } from "../alert/parts.ts";
import { Fault } from "../model/fault.ts";
import type { Incident } from "../model/incident.ts";
import { type Actor, whoAsks } from "./actor.ts";
import { isWithin, type Owned } from "./restrict.ts";

export function restrictedWatch(watch: Watch): Watch {
  /** An incident without a job, such as a host that is silent, is for those who look after everything. */
  const mine = (actor: Actor, { job }: Incident): boolean => isWithin(actor, job);

  async function myIncident(id: string): Promise<boolean> {
    const detail = await watch.incident(id);
    return detail !== undefined && mine(whoAsks(), detail.incident);
  }

  /** Whether such a job is there or not: the answer is the same. */
  function refuseOthers(...names: readonly Owned[]): void {
    const actor = whoAsks();
    if (!names.every((name) => isWithin(actor, name))) {
      throw new Fault("NOT_FOUND", "There is no such job among those of your team.");
    }
  }

  return {
    incidents: async (limit, state) => {
      const actor = whoAsks();
      return (await watch.incidents(limit, state)).filter((incident) => mine(actor, incident));
    },
    incident: async (id) => ((await myIncident(id)) ? await watch.incident(id) : undefined),
    decide: async (id, decision, by) =>
      (await myIncident(id)) ? await watch.decide(id, decision, authorOf(whoAsks(), by)) : undefined,
    monitors: async () => {
      const actor = whoAsks();
      return (await watch.monitors()).filter(({ monitor }) => isWithin(actor, monitor));
    },
    monitorsOf: async (names) => {
      refuseOthers(...names);
      return await watch.monitorsOf(names);
    },
    monitorOf: async (name) => {
      refuseOthers(name);
      return await watch.monitorOf(name);
    },
    monitorChanges: async (name) => {
      refuseOthers(name);
      return await watch.monitorChanges(name);
    },
    changeMonitors: async (wishes, by) => {
      refuseOthers(...wishes.map(({ name }) => name));
      await watch.changeMonitors(wishes, authorOf(whoAsks(), by));
    },
    // The link itself is the right: it is for one incident, and whoever got the message has it.
    linked: watch.linked,
    acknowledgeByLink: watch.acknowledgeByLink,
    silences: async () => {
      const actor = whoAsks();
      return (await watch.silences()).filter(({ when }) => isWithin(actor, when));
    },
    addSilence: async (wish, by) => {
      refuseOthers(wish.when);
      return await watch.addSilence(wish, authorOf(whoAsks(), by));
    },
    endSilence: async (id, by) => {
      const silence = (await watch.silences()).find((one) => one.id === id);
      if (!silence || !isWithin(whoAsks(), silence.when)) return undefined;
      return await watch.endSilence(id, authorOf(whoAsks(), by));
    },
    figures: watch.figures,
    channels: watch.channels,
    onCall: watch.onCall,
    testChannel: watch.testChannel,
    explain: async (job, atMs) => {
      refuseOthers(job);
      return await watch.explain(job, atMs);
    },
    drifts: async () => {
      const actor = whoAsks();
      return (await watch.drifts()).filter(({ job }) => isWithin(actor, job));
    },
    baseline: async (job, range) => {
      refuseOthers(job);
      return await watch.baseline(job, range);
    },
    close: watch.close,
  };
}

/** Who decided: a person by name, whatever the request says; a machine may say for whom it speaks. */
function authorOf({ kind, name }: Actor, said: string): string {
  if (kind === "anyone") return said;
  return kind === "person" ? name : `${said} (${name})`;
}
