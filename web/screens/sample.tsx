/** The button that loads the sample day. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SampleAnswer } from "../../src/api/schemas.ts";
import { AskFault, address, change } from "../ask.ts";

export function SampleButton(): JSX.Element {
  const [state, setState] = useState<"idle" | "loading" | AskFault>("idle");
  const load = async (): Promise<void> => {
    setState("loading");
    try {
      await change<SampleAnswer>("POST", address("/sample"));
      location.reload();
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setState(error);
    }
  };
  return (
    <div class="sample">
      <button type="button" class="control strong" disabled={state === "loading"} onClick={() => void load()}>
        {state === "loading" ? "Loading the sample day …" : "Look around with a sample day"}
      </button>
      <p class="quiet">
        A recorded day of a small shop: jobs that succeed, heal, fail for good and lose their worker. It is
        labelled everywhere, and one press removes it.
      </p>
      {state instanceof AskFault && (
        <p class="failed" role="alert">
          {state.message}
        </p>
      )}
    </div>
  );
}
