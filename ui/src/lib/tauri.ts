// The port of the desktop window. The only file that knows the shell.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { sold } from "./cashier.svelte";
import { inNames } from "./folios";
import { ANSWER_MS, asProblem, DIAGNOSIS_MS, LONG_ANSWER_MS, permitted, permittedAgain, SNAPSHOT_MS, within, type Closing, type Port } from "./port";
import type { PushView } from "./types";

function call<A>(command: string, args: Record<string, unknown> = {}, ms = ANSWER_MS, permit = permitted): Promise<A> {
  return permit((headers) =>
    within(ms, () =>
      invoke<A>(command, args, { headers }).then(
        (answer) => inNames(answer),
        (thrown: unknown) => {
          throw asProblem(thrown);
        },
      ),
    ),
  );
}

export function tauriPort(): Port {
  const looking = permittedAgain();
  return {
    snapshot: () => call("snapshot", {}, SNAPSHOT_MS),
    documents: (query) => call("documents", { query }),
    document: (id) => call("document", { id }),
    xml: (id) => call("xml", { id }),
    picture: (id) => call("picture", { id }),
    print: (id, ceded) => call("print", { id, ceded }, LONG_ANSWER_MS),
    settlePaper: (id, printed) => call("settle_paper", { id, printed }),
    printers: () => call("printers"),
    foundPrinters: () => call("found_printers", {}, LONG_ANSWER_MS),
    putPrinter: (printer) => call("put_printer", { printer }, LONG_ANSWER_MS),
    removePrinter: (name) => call("remove_printer", { name }),
    testPrinter: (name) => call("test_printer", { name }, LONG_ANSWER_MS),
    setLogo: (file) => call("set_logo", { file: file && Array.from(file) }),
    issue: (sale, key) => call("issue", { sale, key }, ANSWER_MS, sold),
    vouchers: () => call("vouchers"),
    setVouchers: (order) => call("set_vouchers", { order }),
    record: (sale, key) => call("record", { sale, key }, ANSWER_MS, sold),
    vouched: (from, to, cursor) => call("vouched", { from, to, cursor }),
    undoVouched: (order) => call("undo_vouched", { order }),
    exportVouched: (from, to) => call("export_vouched", { from, to }, LONG_ANSWER_MS),
    acts: (words, before) => call("acts", { words, before }, ANSWER_MS, looking),
    preview: (sale) => call("preview", { sale }),
    resend: (ids) => call("resend", { ids }, LONG_ANSWER_MS),
    resendFound: (query) => call("resend_found", { query }, LONG_ANSWER_MS),
    count: (query) => call("count", { query }, LONG_ANSWER_MS),
    today: () => call("today", {}, LONG_ANSWER_MS),
    exportFound: (query, form) => call("export", { query, form }, LONG_ANSWER_MS),
    sale: (id) => call("sale", { id }),
    issueText: (sale, key) => call("issue_text", { sale, key }, ANSWER_MS, sold),
    checkBatch: (file, anew) => call("check_batch", { file: bytes(file), anew }, LONG_ANSWER_MS),
    exampleSheet: () => call("example_sheet", {}, LONG_ANSWER_MS),
    reissue: (id, again) => call("reissue", { id, ...again }, LONG_ANSWER_MS),
    noteVerdict: (id, order) => call("note_verdict", { id, order }),
    foundAccepted: (id, who) => call("found_accepted", { id, who }, LONG_ANSWER_MS),
    numberAnnulled: (id, who) => call("number_annulled", { id, who }),
    loadFolios: (file, share, usedUpTo) => call("load_folios", { file: bytes(file), share, usedUpTo }, LONG_ANSWER_MS),
    stopRange: (order) => call("stop_range", { order }),
    resumeRange: (order) => call("resume_range", { order }),
    rangeAnnulled: (order) => call("range_annulled", { order }),
    skippedAnnulled: (order) => call("skipped_annulled", { order }),
    resendPending: () => call("resend_pending", {}, LONG_ANSWER_MS),
    sending: (running) => call("sending", { running }),
    subscribe: (onPush, onLost) => hear<PushView>("push", onPush, onLost),
    closing: (ask) => hear<Closing>("closing", ask, () => {}),
    quit: () => call("quit"),
    restart: () => call("restart"),
    practice: { begin: () => call("restart", { practice: true }), end: () => call("restart", { practice: false }) },
    hide: () => call("hide"),
    autostart: () => call("autostart"),
    setAutostart: (on) => call("set_autostart", { on }),
    company: () => call("company"),
    setCompany: (order) => call("set_company", { order }),
    loadCertificate: (file, password, holder) => call("load_certificate", { file: Array.from(file), password, holder }, LONG_ANSWER_MS),
    diagnose: () => call("diagnose", {}, DIAGNOSIS_MS),
    lock: () => call("lock"),
    unlock: (order) => call("unlock", { order }, LONG_ANSWER_MS),
    acceptClock: (who) => call("accept_clock", { who }),
    tokens: () => call("tokens"),
    makeToken: (order) => call("make_token", { order }),
    revokeToken: (name, who) => call("revoke_token", { name, who }),
    webhooks: () => call("webhooks"),
    putWebhook: (name, order) => call("put_webhook", { name, order }),
    removeWebhook: (name, who) => call("remove_webhook", { name, who }),
    testWebhook: (name) => call("test_webhook", { name }, LONG_ANSWER_MS),
    redeliverWebhook: (name) => call("redeliver_webhook", { name }),
    settings: () => call("settings"),
    setSettings: (order) => call("set_settings", { order }),
    sealer: {
      sealing: () => call("sealing"),
      recoveryKey: () => call("recovery_key"),
      seal: (typed, who) => call("seal", { typed, who }, DIAGNOSIS_MS),
    },
    place: () => call("place", {}, LONG_ANSWER_MS),
    beginCheck: () => call("begin_check"),
    check: () => call("check"),
    staff: () => call("staff"),
    putWorker: (worker) => call("put_worker", { worker }),
    removeWorker: (name) => call("remove_worker", { name }),
    permit: (name, pin, act) => call("permit", { name, pin, act }),
  };
}

/** Hears how much of its index a start has made anew, in percent. */
export function starting(heard: (percent: number) => void): () => void {
  return hear("starting", heard, () => {});
}

/** A character for each byte. */
function bytes(file: ArrayBuffer): string {
  return Array.from(new Uint8Array(file), (byte) => String.fromCharCode(byte)).join("");
}

/** Hears an event of the shell until what it returns is called. */
function hear<A>(name: string, heard: (what: A) => void, onLost: () => void): () => void {
  let ended = false;
  let stop: (() => void) | undefined;
  listen<A>(name, (event) => heard(inNames(event.payload))).then(
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
