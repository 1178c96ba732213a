/** Paste a line and see what the redaction rules make of it; what is pasted is stored nowhere. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Explanation } from "../../src/redact/explain.ts";
import { AskFault, address, change } from "../ask.ts";
import { Plain } from "../parts/plain.tsx";
import { counted } from "../words.ts";

export function RedactionTester(): JSX.Element {
  const [text, setText] = useState("");
  const [found, setFound] = useState<Explanation | AskFault | undefined>(undefined);
  const test = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      setFound(await change<Explanation>("POST", address("/redaction/test"), { text }));
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setFound(error);
    }
  };
  return (
    <section aria-labelledby="redaction">
      <h2 id="redaction">
        Redaction <span>what the rules of this server make of a line; it is not stored</span>
      </h2>
      <form class="settings-form" aria-label="Redaction tester" onSubmit={(event) => void test(event)}>
        <label class="wide">
          A line, with values that are not real
          <textarea
            class="field"
            rows={3}
            maxLength={20_000}
            required
            placeholder="password=hunter2 for bob@example.com"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="control" disabled={text === ""}>
          Show what is removed
        </button>
      </form>
      {found instanceof AskFault && (
        <p class="failed" role="alert">
          {found.message}
        </p>
      )}
      {found !== undefined && !(found instanceof AskFault) && <Found found={found} />}
    </section>
  );
}

function Found({ found: { redacted, findings } }: { readonly found: Explanation }): JSX.Element {
  return (
    <div role="status">
      <p class="quiet">
        {findings.length === 0 ? "No rule found anything." : `${counted(findings.length, "finding")}:`}
      </p>
      <pre class="copy-block" tabIndex={0} aria-label="The line as it would be stored">
        <Plain text={redacted} />
      </pre>
      {findings.length > 0 && (
        <div class="wide-table" tabIndex={0} role="region" aria-label="Findings">
          <table>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">Class</th>
                <th scope="col">Verdict</th>
                <th scope="col">Characters</th>
                <th scope="col">Becomes</th>
              </tr>
            </thead>
            <tbody>
              {findings.map(({ rule, class: name, verdict, start, end, replacement }) => (
                <tr key={`${start} ${rule}`}>
                  <td class="mono">{rule}</td>
                  <td>{name}</td>
                  <td>{verdict}</td>
                  <td class="mono">
                    {start}–{end}
                  </td>
                  <td class="mono">
                    <Plain text={replacement} lengthMax={120} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
