/** Text to take away: commands and ids, with a button that says that it worked. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

export function CopyButton({ text, name }: { readonly text: string; readonly name: string }): JSX.Element {
  const [said, setSaid] = useState("Copy");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Select and copy by hand");
    }
    setTimeout(() => setSaid("Copy"), 2000);
  };
  return (
    <button type="button" class="link copy" aria-label={`${said} ${name}`} onClick={() => void copy()}>
      {said}
    </button>
  );
}

export function CopyBlock({ text, name }: { readonly text: string; readonly name: string }): JSX.Element {
  return (
    <div class="copy-block">
      <pre tabIndex={0} aria-label={name}>
        {text}
      </pre>
      <CopyButton text={text} name={name} />
    </div>
  );
}
