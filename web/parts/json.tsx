/** Attributes as people read them: one line a value, nested ones indented, secrets as chips. */
import type { JSX } from "preact";
import type { Json } from "../../src/model/event.ts";
import { Plain } from "./plain.tsx";

const depthMax = 12;
const itemsMax = 200;

export function Structure({
  value,
  depth = 0,
}: {
  readonly value: Json;
  readonly depth?: number;
}): JSX.Element {
  if (value === null || typeof value !== "object") return <Scalar value={value} />;
  const entries: [string, Json][] = Array.isArray(value)
    ? value.map((item: Json, index) => [String(index + 1), item])
    : Object.entries(value as { readonly [key: string]: Json });
  if (entries.length === 0)
    return <span class="faint">{Array.isArray(value) ? "empty list" : "nothing inside"}</span>;
  if (depth >= depthMax) return <span class="faint">nested deeper than is shown</span>;
  return (
    <dl class="structure">
      {entries.slice(0, itemsMax).map(([key, item]) => (
        <div key={key} class={item !== null && typeof item === "object" ? "nested" : undefined}>
          <dt>
            <Plain text={key} lengthMax={120} />
          </dt>
          <dd>
            <Structure value={item} depth={depth + 1} />
          </dd>
        </div>
      ))}
      {entries.length > itemsMax && <div class="faint">and {entries.length - itemsMax} more</div>}
    </dl>
  );
}

function Scalar({ value }: { readonly value: string | number | boolean | null }): JSX.Element {
  if (typeof value === "string")
    return value === "" ? <span class="faint">empty text</span> : <Plain text={value} lengthMax={4000} />;
  return <span class="value">{String(value)}</span>;
}
