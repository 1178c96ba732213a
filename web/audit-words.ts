/** What somebody did, in a few words, from an event of the stream `audit`. Pure. */
import type { StoredEvent } from "../src/store/store.ts";
import { rangeWords } from "./words.ts";

/** What people and keys do in Midwatch; the operation follows where it says more. */
const verbs: Readonly<Record<string, string>> = {
  "access.sensitive_read": "looked at",
  "access.sensitive_update": "changed",
  "access.sensitive_delete": "removed",
  "access.authz_fail": "was refused",
  "access.authn_login_success": "signed in",
  "access.authn_login_fail": "could not sign in",
  "access.authn_login_fail_max": "was locked out",
  "access.authn_password_change": "changed a password",
  "access.authn_factor_change": "changed one-time codes",
  "access.authn_token_created": "made a key",
  "access.authn_token_revoked": "revoked a key",
  "access.session_created": "began a session",
  "access.session_ended": "ended a session",
  "access.user_created": "invited",
  "access.user_updated": "changed a person",
  "access.authz_change": "changed what somebody may",
};

export type Deed = { readonly did: string; readonly what: string };

export function deedOf(event: StoredEvent): Deed {
  const { kind, attributes = {}, message = "" } = event;
  const text = (name: string): string => {
    const value = attributes[name];
    return typeof value === "string" ? value : "";
  };
  const verb = verbs[kind];
  if (kind === "audit.action" && text("action") !== "") {
    return { did: text("action"), what: text("subject") || message };
  }
  if (verb === undefined) return { did: kind, what: message };
  const [, operation = "", more = ""] = /: ([a-z]\w*)\b(.*)$/s.exec(message) ?? [];
  const asked = askedFor(text("query"));
  const about = [text("subject").replaceAll("\n", ", "), asked.about].filter((one) => one !== "").join("; ");
  const what = [objectOf(operation), about, asked.when, more.trim()].filter((one) => one !== "").join(" ");
  return { did: verb, what: what === "" ? message : what };
}

/** How much is answered and in what shape says nothing of what was seen; the opened event holds it all. */
const shape = /^(limit|buckets|order|looks): \w+$/;
const lately = /^from: (-\d+[smhd])$/;

/** The parameters of a question, apart from the time that it goes back. */
function askedFor(query: string): { readonly about: string; readonly when: string } {
  const lines = query.split("\n").filter((line) => line !== "" && !shape.test(line));
  const from = lines.map((line) => lately.exec(line)?.[1]).find((found) => found !== undefined);
  // With an end of its own a relative start is no "last hours".
  if (from === undefined || lines.some((line) => line.startsWith("until: "))) {
    return { about: lines.join(", "), when: "" };
  }
  const about = lines.filter((line) => !lately.test(line)).join(", ");
  return { about, when: `in the ${rangeWords(from, null)}` };
}

/** "listJobDays" is about "job days". */
function objectOf(operation: string): string {
  const words = operation
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(" ");
  const rest = words.slice(1).join(" ");
  return rest === "" ? operation : rest;
}
