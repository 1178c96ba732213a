/** The first visit: what to do so that there is something to see, and a day to try it with. */
import type { JSX } from "preact";
import { SampleButton } from "./sample.tsx";
import { Steps } from "./steps.tsx";

export function Welcome(): JSX.Element {
  return (
    <section class="welcome" aria-labelledby="welcome">
      <h2 id="welcome">
        Connect your first application{" "}
        <span>Midwatch's own scheduled jobs are all there is to see so far</span>
      </h2>
      <Steps />
      <SampleButton />
    </section>
  );
}
