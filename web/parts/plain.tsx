/** Text that others wrote, shown as text: isolated in its direction, with marks made visible. */
import type { JSX } from "preact";
import { type PieceOptions, pieces } from "../text.ts";

type Given = PieceOptions & { readonly text: string };

/** Inside a sentence or a cell. */
export function Plain({ text, ...options }: Given): JSX.Element {
  return (
    <bdi>
      {pieces(text, options).map((piece) => {
        if (piece.kind === "redacted") {
          return (
            <span class="chip" title={`Removed before it was stored: ${piece.mark}`}>
              {piece.text}
            </span>
          );
        }
        if (piece.kind === "control") {
          return (
            <span class="unseen" title={piece.code}>
              {piece.text}
            </span>
          );
        }
        return piece.ansi ? <span class={piece.ansi}>{piece.text}</span> : piece.text;
      })}
    </bdi>
  );
}
