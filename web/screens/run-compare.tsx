/** A run beside the last one of its job that went well: what is different is what to look at. */
import type { JSX } from "preact";
import type { Run, RunDetail, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { argumentsOf, difference, factsOf, type Line, outputOf } from "../compare.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { runAddress } from "../parts/runs.tsx";
import { Ago } from "../parts/time.tsx";
import { counted, listed } from "../words.ts";

/** The last run of the same job that succeeded; asked for up to the time of this one. */
export function useLastGood(run: Run): Run | null | undefined {
  const { data, fault } = useAnswer<RunPage>(
    run.job === undefined
      ? null
      : address("/runs", {
          state: ["succeeded"],
          job: run.job,
          service: run.service,
          environment: run.environment,
          from: "-30d",
          limit: 20,
        }),
  );
  if (!data) return fault || run.job === undefined ? null : undefined;
  const began = run.startedTime ?? run.enqueuedTime ?? run.lastTime;
  const others = data.rows.filter(({ runId }) => runId !== run.runId);
  return others.find(({ lastTime }) => lastTime <= began) ?? others[0] ?? null;
}

export function Compare({ detail }: { readonly detail: RunDetail }): JSX.Element {
  const good = useLastGood(detail.run);
  const other = useAnswer<RunDetail>(good ? address(`/runs/${encodeURIComponent(good.runId)}`) : null);
  if (good === null) return <p class="nothing">No other run of this job went well in the last 30 days.</p>;
  if (other.fault && !other.data) return <Problem fault={other.fault} again={other.again} />;
  if (!good || !other.data) return <Loading what="the last good run" rows={6} />;
  const facts = factsOf(detail, other.data);
  const differing = facts.filter(({ differs }) => differs);
  return (
    <div class="compare">
      <p class="said">
        {differing.length === 0
          ? "Nothing that is recorded of both differs."
          : `Different: ${listed(differing.map(({ name }) => name.toLowerCase()))}.`}{" "}
        <a href={runAddress(good)}>
          The last good run, <Ago time={good.endedTime ?? good.lastTime} />
        </a>
      </p>
      <div class="wide-table" tabIndex={0} role="region" aria-label="Facts of both runs">
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">This run</th>
              <th scope="col">Last good run</th>
            </tr>
          </thead>
          <tbody>
            {facts.map(({ name, here, there, differs }) => (
              <tr key={name} class={differs ? "differs" : undefined}>
                <th scope="row">
                  {name}
                  {differs && <span class="hidden"> (differs)</span>}
                </th>
                <td class="mono">
                  <Plain text={here} lengthMax={200} />
                </td>
                <td class="mono">
                  <Plain text={there} lengthMax={200} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Differing name="Arguments" here={argumentsOf(detail)} there={argumentsOf(other.data)} />
      <Differing name="Output" here={outputOf(detail)} there={outputOf(other.data)} />
      <Differing name="Log lines" here={messagesOf(detail)} there={messagesOf(other.data)} />
    </div>
  );
}

function messagesOf({ lines }: RunDetail): string {
  return lines.map(({ message = "" }) => message).join("\n");
}

type Given = { readonly name: string; readonly here: string; readonly there: string };

const words = { both: " ", here: "+", there: "−" } as const;
const about = { both: "in both", here: "only in this run", there: "only in the last good run" } as const;

function Differing({ name, here, there }: Given): JSX.Element | null {
  if (here === "" && there === "") return null;
  const { lines, cut } = difference(here, there);
  const changed = lines.filter(({ side }) => side !== "both").length;
  return (
    <section aria-label={name}>
      <h3>
        {name}: {changed === 0 ? "the same" : `${counted(changed, "line")} differ`}
        {cut && ", of the first 1,500"}
      </h3>
      {changed > 0 && (
        <pre class="difference" tabIndex={0} aria-label={`${name} of both runs`}>
          {folded(lines).map((line, index) =>
            typeof line === "number" ? (
              <span key={index} class="faint">
                {`… ${counted(line, "line")} in both\n`}
              </span>
            ) : (
              <span key={index} class={line.side} title={about[line.side]}>
                {words[line.side]} <Plain text={line.text} lengthMax={1000} colours />
                {"\n"}
              </span>
            ),
          )}
        </pre>
      )}
    </section>
  );
}

/** Long stretches that are the same on both sides become a number. */
function folded(lines: readonly Line[]): readonly (Line | number)[] {
  const near = (at: number): boolean =>
    lines.slice(Math.max(0, at - 2), at + 3).some(({ side }) => side !== "both");
  const found: (Line | number)[] = [];
  lines.forEach((line, at) => {
    const last = found.at(-1);
    if (near(at)) found.push(line);
    else if (typeof last === "number") found[found.length - 1] = last + 1;
    else found.push(1);
  });
  return found;
}
