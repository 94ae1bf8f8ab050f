// Reads a stream of server-sent events, whole or in any pieces. No sockets here.

export interface ServerEvent {
  event: string;
  data: string;
}

export class EventParser {
  private rest = "";
  private event = "";
  private data: string[] = [];

  /** Takes the next piece of text; returns the events that became complete with it. */
  feed(text: string): ServerEvent[] {
    const out: ServerEvent[] = [];
    this.rest += text;
    // A lone \r at the very end may be the first half of \r\n: it waits for the next piece.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const done = this.line(line);
      if (done) out.push(done);
    }
    return out;
  }

  private line(line: string): ServerEvent | null {
    if (line === "") {
      const event = { event: this.event || "message", data: this.data.join("\n") };
      const any = this.data.length > 0;
      this.event = "";
      this.data = [];
      return any ? event : null;
    }
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    if (field === "data") this.data.push(value);
    return null;
  }
}
