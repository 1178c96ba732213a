/** Verifies one event in this browser. What checks is loaded when somebody asks for it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { StoredEvent } from "../../src/store/store.ts";
import { address } from "../ask.ts";
import type { Said } from "../verify.ts";

export function EventProof({ event }: { readonly event: StoredEvent }): JSX.Element {
  const [said, setSaid] = useState<Said | "busy" | undefined>(undefined);
  const verify = async (): Promise<void> => {
    setSaid("busy");
    const { verifyHere } = await import("../verify.ts");
    setSaid(await verifyHere(event));
  };
  return (
    <span>
      <button type="button" class="link" disabled={said === "busy"} onClick={() => void verify()}>
        Verify in this browser
      </button>{" "}
      <a href={address(`/events/${event.id}/proof`)} download={`${event.id}.tlog-proof`}>
        Proof
      </a>
      <span role="status">
        {said === "busy" && " Verifying…"}
        {typeof said === "object" && (
          <span class={said.good ? "succeeded" : "failed"}>
            {said.good ? " ✓ " : " ✗ "}
            {said.text}
          </span>
        )}
      </span>
    </span>
  );
}
