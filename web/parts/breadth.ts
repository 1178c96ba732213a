/** How much room there is. Tables leave columns out by this; everything else is done in CSS. */
import { signal } from "@preact/signals";

export type Breadth = "narrow" | "medium" | "wide";

const narrow = matchMedia("(max-width: 700px)");
const medium = matchMedia("(max-width: 1150px)");

function measure(): Breadth {
  return narrow.matches ? "narrow" : medium.matches ? "medium" : "wide";
}

export const breadth = signal<Breadth>(measure());

export function keepBreadth(): void {
  for (const one of [narrow, medium]) {
    one.addEventListener("change", () => {
      breadth.value = measure();
    });
  }
}
