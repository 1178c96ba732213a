/** Reads a stream of server-sent events (WHATWG HTML, section 9.2), as our server writes it: lines end with LF. */

export type Message = { readonly id?: string; readonly event: string; readonly data: string };

/** One message may have so many characters. More: the stream is given up. */
const messageLengthMax = 64 * 1024 * 1024;

export async function* messages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    let from = Math.max(0, rest.length - 1);
    rest += decoder.decode(bytes, { stream: true });
    for (let end = rest.indexOf("\n\n", from); end >= 0; end = rest.indexOf("\n\n", from)) {
      const message = messageOf(rest.slice(0, end));
      rest = rest.slice(end + 2);
      from = 0;
      if (message) yield message;
    }
    if (rest.length > messageLengthMax) throw new Error("a message of the stream has no end");
  }
}

function messageOf(block: string): Message | undefined {
  let id: string | undefined;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") id = value;
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join("\n"), ...(id !== undefined && { id }) };
}
