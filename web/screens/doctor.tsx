/** How the installation itself stands: each check with its evidence, and what to do about it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DoctorAnswer, RetentionAnswer } from "../../src/api/access-schemas.ts";
import type { Stream } from "../../src/model/event.ts";
import { AskFault, address, change, useAnswer } from "../ask.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { useTitle } from "../parts/title.ts";
import { counted } from "../words.ts";

const words = { good: "good", weak: "could be better", bad: "bad" } as const;
const order = ["bad", "weak", "good"] as const;

function RetentionPart(): JSX.Element | null {
  const { data, again } = useAnswer<RetentionAnswer>(address("/retention"), 60_000);
  const [said, setSaid] = useState("");
  if (!data?.wanted) return null;
  const shorter = Object.entries(data.wanted)
    .filter(([stream, days]) => days < (data.days[stream as Stream] ?? 0))
    .map(([stream, days]) => `${stream} for ${counted(days, "day")}`);
  const agree = async (): Promise<void> => {
    try {
      await change("POST", address("/retention/agree"));
      setSaid("You have agreed. With the second person it holds from the next start of the server on.");
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid(error.message);
    }
    again();
  };
  return (
    <section aria-labelledby="retention">
      <h2 id="retention">A shorter retention waits</h2>
      <p>
        The settings want to keep {shorter.join(", ")} only. Two people must agree; so far{" "}
        {data.agreedBy.join(", ") || "nobody"} has.
      </p>
      <p>
        <button type="button" class="control" onClick={() => void agree()}>
          Agree
        </button>{" "}
        <span role="status">{said}</span>
      </p>
    </section>
  );
}

export function DoctorScreen(): JSX.Element {
  const { data, fault, again } = useAnswer<DoctorAnswer>(address("/doctor"), 60_000);
  const count = (state: (typeof order)[number]): number =>
    data?.rows.filter((check) => check.state === state).length ?? 0;
  const sentence = !data
    ? "Examining this installation"
    : count("bad") > 0
      ? `${counted(count("bad"), "thing")} in this installation must be changed.`
      : count("weak") > 0
        ? `Nothing is bad; ${counted(count("weak"), "thing")} could be better.`
        : "All is well with this installation.";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        The numbers are those of OWASP ASVS 5.0. The same on the command line: <code>midwatch doctor</code>
      </p>
      <RetentionPart />
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="what the doctor finds" rows={8} />}
      {data && (
        <div class="wide-table" tabIndex={0} role="region" aria-label="List of checks">
          <table>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">What is so</th>
                <th scope="col">By what it is known</th>
                <th scope="col">ASVS</th>
              </tr>
            </thead>
            <tbody>
              {order.flatMap((state) =>
                data.rows
                  .filter((check) => check.state === state)
                  .map((check) => (
                    <tr key={check.id}>
                      <td class={state === "bad" ? "failed" : state === "good" ? "quiet" : undefined}>
                        {words[state]}
                      </td>
                      <td>
                        <Plain text={check.sentence} lengthMax={400} />
                        {check.advice !== undefined && (
                          <div class="quiet">
                            <Plain text={check.advice} lengthMax={400} />
                          </div>
                        )}
                      </td>
                      <td class="quiet">
                        <Plain text={check.evidence} lengthMax={400} />
                      </td>
                      <td class="mono quiet">{check.asvs ?? ""}</td>
                    </tr>
                  )),
              )}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
