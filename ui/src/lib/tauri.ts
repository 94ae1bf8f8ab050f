// The port of the desktop window. The only file that knows the shell.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { asProblem, type Port } from "./port";
import type { PushView } from "./types";

async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw asProblem(thrown);
  }
}

export function tauriPort(): Port {
  return {
    snapshot: () => call("snapshot"),
    documents: (query) => call("documents", { query }),
    document: (id) => call("document", { id }),
    xml: (id) => call("xml", { id }),
    issue: (sale, key) => call("issue", { sale, key }),
    preview: (sale) => call("preview", { sale }),
    resend: (ids) => call("resend", { ids }),
    resendPending: () => call("resend_pending"),
    sending: (running) => call("sending", { running }),
    subscribe(onPush, onLost) {
      let ended = false;
      let stop: (() => void) | undefined;
      listen<PushView>("push", (event) => onPush(event.payload)).then(
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
    },
  };
}
