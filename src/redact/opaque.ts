/**
 * Words that may be credentials though nothing says so: what somebody types into a search box has no
 * key before it, and who looks for a leaked password types it there.
 */

const word = /[0-9A-Za-z_+/=~!*$.-]{10,512}/g;

/** The text without words of ten or more characters in which small letters, capitals and digits mix. */
export function hideOpaque(text: string): string {
  return text.replace(word, (found) =>
    /[a-z]/.test(found) && /[A-Z]/.test(found) && /[0-9]/.test(found) ? "[REDACTED:secret]" : found,
  );
}
