/**
 * What stands around every screen: navigation, the search box, range, zone, theme and clock, and
 * the strips that say that the sample day is loaded or that the server does not answer.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { OverviewAnswer } from "../src/api/schemas.ts";
import { type AskFault, address, change, unreachableSinceMs, useAnswer } from "./ask.ts";
import { nowMs } from "./clock.ts";
import { decided, useIncidents } from "./incidents.ts";
import { keysShown, places } from "./keys.ts";
import { may, me } from "./me.ts";
import { RangeMenu } from "./parts/range.tsx";
import { SearchBox } from "./parts/search.tsx";
import { Ago } from "./parts/time.tsx";
import { jobZone, nextZone, theme, themes, zone, zoneName } from "./preferences.ts";
import { path, to } from "./route.ts";
import { clockText } from "./times.ts";
import { sorted } from "./triage.ts";
import { age, counted, number, size } from "./words.ts";

export function Frame({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { data, fault } = useAnswer<OverviewAnswer>(address("/overview", { from: "-24h" }), 10_000);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <div class="frame">
        <Navigation answer={data} />
        <div class="side">
          <Bar />
          <main id="main" tabIndex={-1}>
            <Unreachable />
            <EngineDown answer={data} fault={fault} />
            {data?.sample && <SampleStrip />}
            {children}
            <p class="hidden" role="status">
              {decided.value}
            </p>
          </main>
        </div>
      </div>
      {keysShown.value && <Keys />}
    </>
  );
}

function Navigation({ answer }: { readonly answer: OverviewAnswer | undefined }): JSX.Element {
  const needed = sorted(useIncidents().data?.rows ?? [], nowMs.value).open.length;
  const here = path.value;
  const isAt = (place: string): boolean =>
    place === "/"
      ? here === "/" || here.startsWith("/incidents")
      : here.startsWith(place) || (place === "/jobs" && here === "/job");
  // On a narrow screen the list is wider than the screen; where one is must be in sight.
  useEffect(() => {
    document
      .querySelector("nav [aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  }, [here]);
  return (
    <nav aria-label="Screens">
      <a class="mark" href={to("/")}>
        Midwatch
      </a>
      {places.map(({ path: place, name }) => (
        <a key={place} href={to(place)} aria-current={isAt(place) ? "page" : undefined}>
          {name}
          {place === "/" && needed > 0 && <b title="Incidents that nobody has taken">{number(needed)}</b>}
        </a>
      ))}
      <footer>
        <Myself />
        {answer && <ServerWords answer={answer} />}
      </footer>
    </nav>
  );
}

function Myself(): JSX.Element | null {
  const known = me.value?.me;
  if (!known) return null;
  return (
    <p class="myself">
      <a href={to("/account")} title="Your account">
        {known.kind === "anyone" ? "Nobody signs in" : known.name}
      </a>
      {may("people") && (
        <>
          <a href={to("/people")}>People</a>
          <a href={to("/doctor")}>Doctor</a>
        </>
      )}
    </p>
  );
}

/** Batches wait for a moment each; so many of them are a store that does not keep up. */
const waitingManyFiles = 20;

/** That what is stored can be trusted; and what is out of order, only where something is. */
function ServerWords({ answer }: { readonly answer: OverviewAnswer }): JSX.Element {
  const { engine, spoolFiles, spoolBytes, sealedEntries, verifiedTime, version } = answer.server;
  return (
    <>
      <a href={to("/audit")} title="What is recorded is sealed in a ledger that shows every change">
        sealed to #{number(sealedEntries)}
      </a>
      <br />
      {verifiedTime === undefined ? (
        "not yet verified"
      ) : (
        <>
          verified <Ago time={verifiedTime} />
        </>
      )}
      <br />
      {engine === "down" && <span class="failed">the engine is down</span>}
      {spoolFiles > waitingManyFiles && (
        <span class="retrying">
          {counted(spoolFiles, "batch", "batches")} waiting, {size(spoolBytes)}
        </span>
      )}
      <span class="version">Midwatch {version}</span>
    </>
  );
}

function Bar(): JSX.Element {
  const nextTheme = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "auto";
  return (
    <header class="bar">
      <SearchBox />
      <RangeMenu />
      <button
        type="button"
        class="control"
        title="Change the zone that times are shown in"
        onClick={() => {
          zone.value = nextZone();
        }}
      >
        <span class="hidden">Zone: </span>
        {zone.value === "job" && jobZone.value !== undefined && <span class="area">job: </span>}
        <ZoneWords />
      </button>
      <button
        type="button"
        class="control"
        title={`Theme: ${theme.value}. Press for ${nextTheme}.`}
        onClick={() => {
          theme.value = nextTheme;
        }}
      >
        <span class="area">theme: </span>
        {theme.value}
      </button>
      <time class="mono clock" aria-label="Time now">
        {clockText(nowMs.value)}
      </time>
    </header>
  );
}

/** "Europe/Zurich", of which a narrow screen shows the city. */
function ZoneWords(): JSX.Element {
  const name = zoneName();
  const cut = name.lastIndexOf("/") + 1;
  return (
    <>
      {cut > 0 && <span class="area">{name.slice(0, cut)}</span>}
      {name.slice(cut).replaceAll("_", " ")}
    </>
  );
}

function Unreachable(): JSX.Element | null {
  const sinceMs = unreachableSinceMs.value;
  if (sinceMs === undefined) return null;
  return (
    <p class="strip failed" role="alert">
      Midwatch has not answered for {age(nowMs.value - sinceMs)}. What you see is from before; the page keeps
      asking.
    </p>
  );
}

type EngineGiven = { readonly answer: OverviewAnswer | undefined; readonly fault: AskFault | undefined };

/** Nobody who sends notices this; somebody who reads must. */
function EngineDown({ answer, fault }: EngineGiven): JSX.Element | null {
  if (fault ? fault.status < 500 : answer?.server.engine !== "down") return null;
  return (
    <p class="strip failed" role="alert">
      The engine does not answer. Events are taken and kept, and will be shown when it is back; what you see
      is from before.
    </p>
  );
}

function SampleStrip(): JSX.Element {
  const remove = async (): Promise<void> => {
    await change("DELETE", address("/sample"));
    location.reload();
  };
  return (
    <p class="strip">
      A sample day is loaded: real runs of a demonstration shop, moved to end now.{" "}
      <button type="button" class="link" onClick={() => void remove()}>
        Remove it
      </button>
    </p>
  );
}

function Keys(): JSX.Element {
  const rows = [
    ["/", "search"],
    ["j k", "next and previous row"],
    ["Enter", "open the row"],
    ["a", "acknowledge the incident"],
    ["Esc", "close, or leave a field"],
    ...places.map(({ key, name }) => [`g ${key}`, `go to ${name}`]),
    ["?", "show or hide these keys"],
  ];
  return (
    <dialog
      class="keys"
      aria-label="Keys"
      ref={(dialog) => {
        if (dialog && !dialog.open) dialog.showModal();
      }}
      onClose={() => {
        keysShown.value = false;
      }}
    >
      <h2>Keys</h2>
      <dl>
        {rows.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key?.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button
        type="button"
        class="control"
        onClick={() => {
          keysShown.value = false;
        }}
      >
        Close
      </button>
    </dialog>
  );
}
