/** What screens count, narrowed to what the one who asks looks after. */
import type { PageQuestions } from "../store/page.ts";
import type { Team } from "../store/store.ts";
import { teamOf, whoAsks } from "./actor.ts";

export function restrictedPage(events: PageQuestions): PageQuestions {
  return {
    stretchesOfRuns: async (query) => await events.stretchesOfRuns({ ...query, team: team() }),
    runsAtWork: async (query) => await events.runsAtWork({ ...query, team: team() }),
    releases: async (range) => await events.releases({ ...range, team: team() }),
  };
}

function team(): Team {
  return teamOf(whoAsks());
}
