/** How the installation itself stands: each check with its evidence, and what to do about it. */
import type { JSX } from "preact";
import type { DoctorAnswer } from "../../src/api/access-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { useTitle } from "../parts/title.ts";
import { counted } from "../words.ts";

const words = { good: "good", weak: "could be better", bad: "bad" } as const;
const order = ["bad", "weak", "good"] as const;

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
