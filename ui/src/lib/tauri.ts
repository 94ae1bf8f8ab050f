// The port of the desktop window. The only file that knows the shell.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { ANSWER_MS, asProblem, LONG_ANSWER_MS, SNAPSHOT_MS, within, type Port } from "./port";
import type { PushView } from "./types";

function call<A>(command: string, args: Record<string, unknown> = {}, ms = ANSWER_MS): Promise<A> {
  return within(ms, () =>
    invoke<A>(command, args).catch((thrown: unknown) => {
      throw asProblem(thrown);
    }),
  );
}

export function tauriPort(): Port {
  return {
    snapshot: () => call("snapshot", {}, SNAPSHOT_MS),
    documents: (query) => call("documents", { query }),
    document: (id) => call("document", { id }),
    xml: (id) => call("xml", { id }),
    picture: (id) => call("picture", { id }),
    print: (id) => call("print", { id }, LONG_ANSWER_MS),
    settlePaper: (id, printed) => call("settle_paper", { id, printed }),
    printers: () => call("printers"),
    foundPrinters: () => call("found_printers", {}, LONG_ANSWER_MS),
    putPrinter: (printer) => call("put_printer", { printer }, LONG_ANSWER_MS),
    removePrinter: (name) => call("remove_printer", { name }),
    testPrinter: (name) => call("test_printer", { name }, LONG_ANSWER_MS),
    setLogo: (file) => call("set_logo", { file: file && Array.from(file) }),
    issue: (sale, key) => call("issue", { sale, key }),
    preview: (sale) => call("preview", { sale }),
    resend: (ids) => call("resend", { ids }, LONG_ANSWER_MS),
    resendPending: () => call("resend_pending", {}, LONG_ANSWER_MS),
    sending: (running) => call("sending", { running }),
    subscribe: (onPush, onLost) => hear<PushView>("push", onPush, onLost),
    closing: (ask) => hear<number>("closing", ask, () => {}),
    quit: () => call("quit"),
  };
}

/** Hears an event of the shell until what it returns is called. */
function hear<A>(name: string, heard: (what: A) => void, onLost: () => void): () => void {
  let ended = false;
  let stop: (() => void) | undefined;
  listen<A>(name, (event) => heard(event.payload)).then(
    (unlisten) => {
      if (ended) unlisten();
      else stop = unlisten;
    },
    () => {
      if (!ended) onLost();
    },
  );
  return () => {
    ended = true;
    stop?.();
  };
}
