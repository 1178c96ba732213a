/** How much of a secret is left in a text. */

/** Length of the longest part of `value` that still stands in `text`. */
export function longestCommon(value: string, text: string): number {
  let longest = 0;
  for (let start = 0; start < value.length; start++) {
    while (start + longest < value.length && text.includes(value.slice(start, start + longest + 1)))
      longest++;
  }
  return longest;
}
