// The port of the panel in a browser: the local API at the same origin, with the bearer token of
// the link that opened it.

import { asProblem, isProblemView, Problem, unreachable, type Port } from "./port";
import { EventParser } from "./sse";
import { T } from "./text";
import type { PushView, Query } from "./types";

const KEPT = "timbre.token";

interface Options {
  base?: string;
  token?: string | null;
  fetch?: typeof fetch;
}

/** Takes the token out of `#token=…`, keeps it for this tab, and cleans the address bar. */
export function takeToken(place: Location = location, past: History = history, kept: Storage = sessionStorage): string | null {
  const fragment = new URLSearchParams(place.hash.replace(/^#/, ""));
  const token = fragment.get("token");
  if (!token) return kept.getItem(KEPT);
  kept.setItem(KEPT, token);
  fragment.delete("token");
  const rest = fragment.toString();
  past.replaceState(past.state, "", place.pathname + place.search + (rest ? `#${rest}` : ""));
  return token;
}

export function httpPort({ base = "", token = null, fetch: ask = (...args) => fetch(...args) }: Options = {}): Port {
  const bearer: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

  async function send(method: string, path: string, body?: unknown, extra: Record<string, string> = {}): Promise<Response> {
    const headers = { accept: "application/json", ...bearer, ...extra };
    const request: RequestInit =
      body === undefined
        ? { method, headers }
        : { method, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await ask(`${base}/v1${path}`, request);
    } catch {
      throw unreachable(T.problem.unreachable);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async function json<T>(method: string, path: string, body?: unknown, extra?: Record<string, string>): Promise<T> {
    const response = await send(method, path, body, extra);
    try {
      return (await response.json()) as T;
    } catch {
      throw unreachable(T.problem.cutShort);
    }
  }

  const at = (id: string) => `/documents/${encodeURIComponent(id)}`;

  return {
    snapshot: () => json("GET", "/stats/snapshot"),
    documents: (query) => json("GET", `/documents${search(query)}`),
    document: (id) => json("GET", at(id)),
    xml: async (id) => text(await (await send("GET", `${at(id)}/xml`, undefined, { accept: "application/xml" })).arrayBuffer()),
    issue: (sale, key) => json("POST", "/documents", sale, { "idempotency-key": key }),
    preview: (sale) => json("POST", "/documents/preview", sale),
    resend: (ids) => json("POST", "/resend", { ids }),
    resendPending: () => json("POST", "/resend"),
    sending: async (running) => void (await send("POST", "/sending", { running })),
    subscribe(onPush, onLost) {
      const end = new AbortController();
      listen(end.signal, onPush).then(
        () => end.signal.aborted || onLost(),
        () => end.signal.aborted || onLost(),
      );
      return () => end.abort();
    },
  };

  /** `EventSource` can't carry the token, so the stream is read by hand. Ends when the stream does. */
  async function listen(signal: AbortSignal, onPush: (push: PushView) => void): Promise<void> {
    const response = await ask(`${base}/v1/events`, {
      headers: { accept: "text/event-stream", ...bearer },
      cache: "no-store",
      signal,
    });
    if (!response.ok || !response.body) throw await problemOf(response);
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
        if (event.event === "push") onPush(JSON.parse(event.data) as PushView);
      }
    }
  }
}

/** A document is in the encoding that its first line names, and the SII's is not UTF-8. */
function text(bytes: ArrayBuffer): string {
  const head = new TextDecoder("latin1").decode(bytes.slice(0, 120));
  const encoding = /encoding=["']([\w-]+)["']/.exec(head)?.[1] ?? "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

function search(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}

/** What was refused, as the agent says it. A proxy's or a crash's page is no answer of the agent. */
async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 401) return refused(401, T.problem.noToken);
  if (isProblemView(body)) return asProblem({ ...body, status: body.status || response.status });
  if (response.status >= 500) return unreachable(T.problem.noAnswer(response.status));
  return refused(response.status, T.problem.refused(response.status));
}

function refused(status: number, detail: string): Problem {
  return new Problem({ status, code: `http-${status}`, title: detail, detail, errors: [] });
}
