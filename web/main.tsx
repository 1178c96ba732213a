/** Where the page begins: what listens is started, and the screen of the address is shown. */

import type { JSX } from "preact";
import { render } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { keepClock } from "./clock.ts";
import { Frame } from "./frame.tsx";
import { keepKeys } from "./keys.ts";
import { keepPreferences } from "./preferences.ts";
import { keepRoute, path, query, to } from "./route.ts";
import { ConnectScreen } from "./screens/connect.tsx";
import { FailuresScreen } from "./screens/failures.tsx";
import { IncidentScreen } from "./screens/incident.tsx";
import { JobScreen } from "./screens/job.tsx";
import { JobsScreen } from "./screens/jobs.tsx";
import { LogsScreen } from "./screens/logs.tsx";
import { NowScreen } from "./screens/now.tsx";
import { QueuesScreen } from "./screens/queues.tsx";
import { RunScreen } from "./screens/run.tsx";
import { RunsScreen } from "./screens/runs.tsx";

function Screen(): JSX.Element {
  const here = path.value;
  if (here === "/") return <NowScreen />;
  if (here === "/runs") return <RunsScreen />;
  if (here.startsWith("/runs/")) return <RunScreen key={here} runId={decoded(here.slice(6))} />;
  if (here.startsWith("/incidents/")) return <IncidentScreen key={here} id={decoded(here.slice(11))} />;
  if (here === "/jobs") return <JobsScreen />;
  if (here === "/job") return <JobScreen key={query.value.get("job")} />;
  if (here === "/failures") return <FailuresScreen />;
  if (here === "/logs") return <LogsScreen />;
  if (here === "/queues") return <QueuesScreen />;
  if (here === "/connect") return <ConnectScreen />;
  return (
    <>
      <h1>There is no screen at this address.</h1>
      <p class="sub">
        Begin with <a href={to("/")}>how things are now</a>.
      </p>
    </>
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Page(): JSX.Element {
  const here = path.value;
  // A screen reader hears of the new screen, as it would of a new page.
  // At once: later it would take the focus from whoever already went on to the search box.
  useLayoutEffect(() => document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true }), [here]);
  return (
    <Frame>
      <Screen />
    </Frame>
  );
}

keepPreferences();
keepRoute();
keepClock();
keepKeys();
const place = document.querySelector("#page");
if (place) render(<Page />, place);
