/** The title of the tab says what the first sentence of the screen says. */
import { useEffect } from "preact/hooks";

export function useTitle(sentence: string): void {
  useEffect(() => {
    document.title = `${sentence.replace(/\.$/, "")} · Midwatch`;
  }, [sentence]);
}
