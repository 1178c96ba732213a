/** What Midwatch is set to do: who is told, what is kept quiet, what is expected, what is kept. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { KeyList, OverviewAnswer, Values } from "../../src/api/schemas.ts";
import type { ChannelList, DeliveryAnswer } from "../../src/api/watch-schemas.ts";
import { AskFault, address, change, useAnswer } from "../ask.ts";
import { may } from "../me.ts";
import { narrowed } from "../parts/complete.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { useTitle } from "../parts/title.ts";
import { to } from "../route.ts";
import { capital, counted, number } from "../words.ts";
import { MonitorSettings } from "./settings-monitors.tsx";
import { RedactionTester } from "./settings-redaction.tsx";
import { SilenceSettings } from "./settings-silences.tsx";

export function SettingsScreen(): JSX.Element {
  const channels = useAnswer<ChannelList>(address("/channels"), 60_000);
  const count = channels.data?.rows.length;
  const sentence =
    count === undefined
      ? "Settings"
      : count === 0
        ? "Nobody is told anything: no channel is set up."
        : `${capital(counted(count, "channel tells", "channels tell"))} people what needs them.`;
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Every change here is recorded with who made it. Places: <a href="#channels">channels</a>,{" "}
        <a href="#silences">silences</a>, <a href="#monitors">monitors</a>, <a href="#sources">sources</a>,{" "}
        <a href="#retention">retention</a>, <a href="#redaction">redaction</a>.
      </p>
      <section aria-labelledby="channels">
        <h2 id="channels">
          Channels{" "}
          <span>
            by which people are told; set in the file that is named as <span class="mono">alerts</span>
          </span>
        </h2>
        {channels.fault && !channels.data && <Problem fault={channels.fault} again={channels.again} />}
        {!channels.data && !channels.fault && <Loading what="channels" rows={3} />}
        {channels.data && <Channels rows={channels.data.rows} />}
      </section>
      <SilenceSettings />
      <MonitorSettings />
      <Sources />
      <Retention />
      <RedactionTester />
    </>
  );
}

function Channels({ rows }: { readonly rows: ChannelList["rows"] }): JSX.Element {
  if (rows.length === 0) {
    return (
      <p class="nothing">
        None. A channel is an entry of a file: mail, chat, a pager, a webhook or a command; the guide to the
        watch shows each.
      </p>
    );
  }
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="Channels">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">Hears of</th>
            <th scope="col">Test</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td>
                <Plain text={row.name} lengthMax={100} />
              </td>
              <td>{row.kind}</td>
              <td>{row.severityMin} and graver</td>
              <td>
                <TestButton name={row.name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TestButton({ name }: { readonly name: string }): JSX.Element {
  const [said, setSaid] = useState<{ readonly ok: boolean; readonly words: string } | "sending" | undefined>(
    undefined,
  );
  const test = async (): Promise<void> => {
    setSaid("sending");
    try {
      const path = `/channels/${encodeURIComponent(name)}/test`;
      const { delivered, receipt } = await change<DeliveryAnswer>("POST", address(path));
      setSaid({ ok: delivered, words: delivered ? `delivered: ${receipt}` : receipt });
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid({ ok: false, words: error.message });
    }
  };
  return (
    <>
      <button
        type="button"
        class="control"
        disabled={said === "sending" || !may("configure")}
        onClick={() => void test()}
      >
        {said === "sending" ? "Sending …" : "Send a test"}
        <span class="hidden"> to {name}</span>
      </button>{" "}
      <span role="status">
        {said !== undefined && said !== "sending" && (
          <span class={said.ok ? "succeeded" : "failed"}>
            <Plain text={said.words} lengthMax={200} />
          </span>
        )}
      </span>
    </>
  );
}

/** Who sends, and by which keys. */
function Sources(): JSX.Element {
  const sources = useAnswer<Values>(address("/values", { field: "source", from: "-24h", limit: 50 }));
  const keys = useAnswer<KeyList>(may("keys") ? address("/keys") : null);
  const live = (keys.data?.rows ?? []).filter(({ revokedTime }) => revokedTime === undefined).length;
  const rows = sources.data?.values ?? [];
  return (
    <section aria-labelledby="sources">
      <h2 id="sources">
        Sources{" "}
        <span>
          who sent in the last 24 hours
          {keys.data && (
            <>
              ; <a href={to("/connect")}>{counted(live, "key")}</a> may send or read
            </>
          )}
        </span>
      </h2>
      {sources.data && rows.length === 0 && <p class="nothing">Nobody has sent anything in 24 hours.</p>}
      {rows.length > 0 && (
        <div class="wide-table" tabIndex={0} role="region" aria-label="Sources">
          <table>
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col" class="right">
                  Events
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, 20).map(({ value, count }) => (
                <tr key={value}>
                  <td class="mono">
                    <a href={to("/logs", { q: narrowed("", "source", value) })}>
                      <Plain text={value} lengthMax={120} />
                    </a>
                  </td>
                  <td class="right mono">{number(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const about = {
  jobs: "the life of runs, their output, workers and schedules",
  logs: "lines, and figures of servers",
  http: "requests",
  audit: "sensitive actions, and every look at Midwatch",
} as const;

function Retention(): JSX.Element {
  const { data } = useAnswer<OverviewAnswer>(address("/overview", { from: "-24h" }));
  return (
    <section aria-labelledby="retention">
      <h2 id="retention">
        Retention{" "}
        <span>
          set as <span class="mono">retention.jobs</span> and so on; read at start
        </span>
      </h2>
      {!data && <Loading what="retention" rows={4} />}
      {data && (
        <table>
          <thead>
            <tr>
              <th scope="col">Stream</th>
              <th scope="col">What is in it</th>
              <th scope="col" class="right">
                Kept for
              </th>
            </tr>
          </thead>
          <tbody>
            {(Object.keys(about) as (keyof typeof about)[]).map((stream) => (
              <tr key={stream}>
                <td>{stream}</td>
                <td class="quiet">{about[stream]}</td>
                <td class="right mono">{counted(data.server.retentionDays[stream], "day")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
