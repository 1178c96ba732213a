/**
 * Text that others wrote is cut into pieces before it is shown: redaction marks become chips,
 * control and direction characters become visible, colour codes of terminals become classes.
 * Nothing here or later builds markup from text.
 */
export type Piece =
  | { readonly kind: "text"; readonly text: string; readonly ansi?: string }
  | { readonly kind: "redacted"; readonly text: string; readonly mark: string }
  | { readonly kind: "control"; readonly text: string; readonly code: string };

// Control characters, direction and zero-width marks, and the byte order mark.
// oxlint-disable-next-line no-control-regex -- showing these characters is what this is for
const odd = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
/** The marks that redaction leaves; `src/redact/mark.ts` makes them. */
const mark =
  /(\[(?:REDACTED:[a-z][\w-]*(?::[0-9a-f]{8})?|[a-z][\w-]*:v\d{1,6}:[a-z2-7]{19}|card:\d{4}|email:[\w.-]{1,40}|ip:[\d.]{7,15}\/24)\])/u;
// oxlint-disable-next-line no-control-regex -- the escape that begins a colour
const sgr = /\u001b\[([\d;]*)m/u;
const plain = new RegExp(`${mark.source}|(${odd.source})`, "gu");
const coloured = new RegExp(`${mark.source}|${sgr.source}|(${odd.source})`, "gu");

export type PieceOptions = {
  /** Characters after which the text is cut; the cut is said. */
  readonly lengthMax?: number;
  /** Terminal colours are honoured instead of being shown as escapes. */
  readonly colours?: boolean;
};

export function pieces(
  full: string,
  { lengthMax = 65_536, colours = false }: PieceOptions = {},
): readonly Piece[] {
  const text = full.length > lengthMax ? full.slice(0, lengthMax) : full;
  const found: Piece[] = [];
  let ansi = "";
  let last = 0;
  const push = (piece: string): void => {
    if (piece !== "") found.push({ kind: "text", text: piece, ...(ansi !== "" && { ansi }) });
  };
  for (const match of text.matchAll(colours ? coloured : plain)) {
    push(text.slice(last, match.index));
    last = match.index + match[0].length;
    const [, redacted] = match;
    const codes = colours ? match[2] : undefined;
    const control = colours ? match[3] : match[2];
    if (codes !== undefined) ansi = ansiAfter(ansi, codes);
    else if (control !== undefined) found.push(controlPiece(control));
    else if (redacted !== undefined) found.push(chip(redacted));
  }
  push(text.slice(last));
  if (text.length < full.length)
    found.push({ kind: "control", text: "…", code: `cut, ${full.length - text.length} characters more` });
  return found;
}

/** The names of the control characters from 0, as ASCII has them. */
const controlNames =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

function controlPiece(character: string): Piece {
  const code = character.codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return { kind: "control", text: `⟨${controlNames[code] ?? name}⟩`, code: name };
}

/** `[REDACTED:api_key:1f2e3d4c]` as people say it; the mark itself stays to be read on hover. */
function chip(text: string): Piece {
  const [head = "", name = "", print] = text.slice(1, -1).split(":");
  const words = (one: string): string => one.replaceAll(/[_-]/g, " ");
  const said =
    head === "REDACTED"
      ? `removed: ${words(name)}${print === undefined ? "" : ` #${print.slice(0, 4)}`}`
      : print !== undefined
        ? `${words(head)} #${print.slice(0, 4)}`
        : head === "card"
          ? `card ····${name}`
          : head === "email"
            ? `email at ${name}`
            : `${head} ${name}`;
  return { kind: "redacted", text: said, mark: text };
}

const colourNames = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** Class names after an SGR sequence: one foreground colour, and bold. The rest is ignored. */
function ansiAfter(before: string, codes: string): string {
  const now = new Set(before.split(" ").filter((name) => name !== ""));
  const colour = (name: string | undefined): void => {
    for (const one of now) if (one !== "ansi-bold") now.delete(one);
    if (name) now.add(`ansi-${name}`);
  };
  for (const code of codes.split(";").map(Number)) {
    if (code === 0) now.clear();
    else if (code === 1) now.add("ansi-bold");
    else if (code === 22) now.delete("ansi-bold");
    else if (code >= 30 && code <= 37) colour(colourNames[code - 30]);
    else if (code >= 90 && code <= 97) colour(colourNames[code - 90]);
    else if (code === 39) colour(undefined);
  }
  return [...now].join(" ");
}

export type StackLine = {
  readonly text: string;
  /** Lines of the application stand out; those of libraries fold away. */
  readonly own: boolean;
};

const library =
  /\/gems\/|\/rubygems|\/usr\/lib\/|\/usr\/share\/|\/site-packages\/|\/dist-packages\/|\/node_modules\/|<internal:|\/lib\/ruby\/|\/lib\/python\d|\/lib\/midwatch\/|^\s*(?:from )?\(?eval|<frozen /;

/** Lines of a stack trace, each known as the application's own or a library's. */
export function stackLines(stack: string): readonly StackLine[] {
  return stack.split("\n").map((text) => ({ text, own: !library.test(text) }));
}
