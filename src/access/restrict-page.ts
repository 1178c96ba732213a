/** What screens count, narrowed to what the one who asks looks after. */
import type { FailureGroup, PageQuestions } from "../store/page.ts";
import type { Team } from "../store/store.ts";
import { teamOf, whoAsks } from "./actor.ts";
import { hiddenMark } from "./hiding.ts";

export function restrictedPage(events: PageQuestions): PageQuestions {
  return {
    stretchesOfRuns: async (query) => await events.stretchesOfRuns({ ...query, team: team() }),
    runsAtWork: async (query) => await events.runsAtWork({ ...query, team: team() }),
    releases: async (range) => await events.releases({ ...range, team: team() }),
    openByQueue: async (range) => await events.openByQueue({ ...range, team: team() }),
    queueFlow: async (query) => await events.queueFlow({ ...query, team: team() }),
    workers: async (range) => await events.workers({ ...range, team: team() }),
    pumaStretches: async (query) => await events.pumaStretches({ ...query, team: team() }),
    pumaNewest: async (range) => await events.pumaNewest({ ...range, team: team() }),
    failures: async (query) => {
      const actor = whoAsks();
      const groups = await events.failures({ ...query, team: team() });
      const reads = actor.streams.has("jobs") && actor.fields.has("text");
      return reads ? groups : groups.map(withoutTexts);
    },
    jobDays: async (query) => await events.jobDays({ ...query, team: team() }),
    webStretches: async (query) => await events.webStretches({ ...query, team: team() }),
  };
}

function withoutTexts({ errorMessage, errorStack, ...group }: FailureGroup): FailureGroup {
  return {
    ...group,
    ...(errorMessage !== undefined && { errorMessage: hiddenMark }),
    ...(errorStack !== undefined && { errorStack: hiddenMark }),
  };
}

function team(): Team {
  return teamOf(whoAsks());
}
