/**
 * Which screen an address shows. Each screen is a script of its own that is read when somebody
 * first goes there, or points at a link to it; a new one is one line of the list below.
 */
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading } from "./parts/notice.tsx";
import { path, query, to } from "./route.ts";

/** Without a parameter in its path, a screen is given an empty `id`. */
type Shown = FunctionComponent<{ readonly id: string }>;

type Screen = {
  /** A path, or one that ends with `/` and is followed by an id. */
  readonly path: string;
  /** What is said to be read while its script is on its way. */
  readonly what: string;
  readonly load: () => Promise<Shown>;
  /** The parameter whose change makes it another screen, and not the same one with other rows. */
  readonly about?: string;
};

const screens: readonly Screen[] = [
  { path: "/", what: "how things are", load: async () => (await import("./screens/now.tsx")).NowScreen },
  {
    path: "/schedule",
    what: "the schedule",
    load: async () => (await import("./screens/schedule.tsx")).ScheduleScreen,
  },
  { path: "/runs", what: "runs", load: async () => (await import("./screens/runs.tsx")).RunsScreen },
  { path: "/runs/", what: "the run", load: async () => (await import("./screens/run.tsx")).RunScreen },
  {
    path: "/incidents",
    what: "incidents",
    load: async () => (await import("./screens/incidents.tsx")).IncidentsScreen,
  },
  {
    path: "/incidents/",
    what: "the incident",
    load: async () => (await import("./screens/incident.tsx")).IncidentScreen,
  },
  { path: "/jobs", what: "jobs", load: async () => (await import("./screens/jobs.tsx")).JobsScreen },
  {
    path: "/job",
    what: "the job",
    load: async () => (await import("./screens/job.tsx")).JobScreen,
    about: "job",
  },
  {
    path: "/failures",
    what: "failures",
    load: async () => (await import("./screens/failures.tsx")).FailuresScreen,
  },
  { path: "/logs", what: "lines", load: async () => (await import("./screens/logs.tsx")).LogsScreen },
  { path: "/queues", what: "queues", load: async () => (await import("./screens/queues.tsx")).QueuesScreen },
  { path: "/puma", what: "web servers", load: async () => (await import("./screens/puma.tsx")).PumaScreen },
  {
    path: "/doctor",
    what: "what the doctor finds",
    load: async () => (await import("./screens/doctor.tsx")).DoctorScreen,
  },
  { path: "/people", what: "people", load: async () => (await import("./screens/people.tsx")).PeopleScreen },
  {
    path: "/account",
    what: "your account",
    load: async () => (await import("./screens/account.tsx")).AccountScreen,
  },
  { path: "/audit", what: "actions", load: async () => (await import("./screens/audit.tsx")).AuditScreen },
  {
    path: "/settings",
    what: "settings",
    load: async () => (await import("./screens/settings.tsx")).SettingsScreen,
  },
  { path: "/connect", what: "keys", load: async () => (await import("./screens/connect.tsx")).ConnectScreen },
];

function screenOf(pathname: string): Screen | undefined {
  return screens.find((one) =>
    one.path.length > 1 && one.path.endsWith("/") ? pathname.startsWith(one.path) : pathname === one.path,
  );
}

/** Screens that are here already show themselves at once. */
const loaded = new Map<Screen, Shown>();

async function load(screen: Screen): Promise<Shown> {
  const shown = await screen.load();
  loaded.set(screen, shown);
  return shown;
}

export function ScreenHere(): JSX.Element {
  const here = path.value;
  const screen = screenOf(here);
  const [, setTurn] = useState(0);
  const [gone, setGone] = useState(false);
  useEffect(() => {
    setGone(false);
    if (!screen || loaded.has(screen)) return;
    load(screen).then(
      () => setTurn((turn) => turn + 1),
      () => setGone(true),
    );
  }, [screen]);
  if (!screen) return <Nowhere />;
  const Shown = loaded.get(screen);
  if (gone) return <Gone what={screen.what} />;
  if (!Shown) return <Loading what={screen.what} rows={12} />;
  const id =
    screen.path.length > 1 && screen.path.endsWith("/") ? decoded(here.slice(screen.path.length)) : "";
  return (
    <Shown key={screen.about === undefined ? here : `${here} ${query.value.get(screen.about)}`} id={id} />
  );
}

/** Reads a screen's script when somebody points at a link to it, so that following it is immediate. */
export function keepScreens(): void {
  const foresee = ({ target }: Event): void => {
    const link = target instanceof Element ? target.closest("a") : null;
    const screen = link?.origin === location.origin ? screenOf(link.pathname) : undefined;
    // Should it fail, following the link tries again and tells.
    if (screen && !loaded.has(screen)) load(screen).catch(() => undefined);
  };
  document.addEventListener("pointerover", foresee, { passive: true });
  document.addEventListener("focusin", foresee);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Nowhere(): JSX.Element {
  return (
    <>
      <h1>There is no screen at this address.</h1>
      <p class="sub">
        Begin with <a href={to("/")}>how things are now</a>.
      </p>
    </>
  );
}

/** The server was updated while the page was open, or went away. */
function Gone({ what }: { readonly what: string }): JSX.Element {
  return (
    <>
      <h1>The part of the page that shows {what} could not be read.</h1>
      <p class="sub" role="alert">
        Midwatch may have been updated since this page was opened, or cannot be reached.
      </p>
      <button type="button" class="control" onClick={() => location.reload()}>
        Open the page anew
      </button>
    </>
  );
}
