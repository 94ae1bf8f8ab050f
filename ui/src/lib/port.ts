// The window's one door to the agent. Whoever is behind it (the shell, the local API, the demo
// shop), a screen sees only this.

import { inNames } from "./folios";
import { T } from "./text";
import type {
  ActsView,
  AttemptView,
  BatchView,
  CheckView,
  ClockView,
  CompanyDataView,
  CompanyOrder,
  DetailView,
  Diagnosis,
  FoundPrinterView,
  FoundView,
  IssuedView,
  LoadedCertificateView,
  LoadedRangeView,
  LockView,
  NewTokenView,
  NewWebhookView,
  PageView,
  PaperView,
  PlaceView,
  PreviewView,
  PrintersView,
  PrinterView,
  ProblemView,
  PushView,
  Query,
  RangeOrder,
  RangeView,
  ReissuedView,
  ResentView,
  NotedOrder,
  RangeDecision,
  RowView,
  SealingView,
  SettingsOrder,
  SettingsView,
  Snapshot,
  StaffView,
  TodayView,
  TokenOrder,
  TokenView,
  UnlockOrder,
  VouchedView,
  VoucherOrder,
  VouchersView,
  VoucherUndoOrder,
  VoucherTermsView,
  WebhookOrder,
  WebhookView,
  WorkerOrder,
} from "./types";

/** How a rejected document is to be made again. */
export interface Again {
  /** The sale with its fault mended; `null` when the fault was not the sale's. */
  sale: string | null;
  newNumber: boolean;
  who: string;
}

/** What is left when the window is asked to close. */
export interface Closing {
  waiting: number;
  /** There is a tray to go to. */
  tray: boolean;
}

/** Seals what the folder keeps. */
export interface Sealer {
  sealing(): Promise<SealingView>;
  /** A fresh recovery key, shown once; it is in use when it was typed back. */
  recoveryKey(): Promise<string>;
  seal(typed: string, who: string): Promise<SealingView>;
}

/** A shop to practise in, beside the shop's own. */
export interface Practice {
  /** Goes there: this page goes away. */
  begin(): Promise<void>;
  /** Goes back to the shop's own; only where the page knows the way. */
  end?(): Promise<void>;
}

export interface Port {
  snapshot(): Promise<Snapshot>;
  documents(query: Query): Promise<PageView>;
  document(id: string): Promise<DetailView>;
  xml(id: string): Promise<string>;
  /** The ticket as it stands on paper, as SVG. */
  picture(id: string): Promise<string>;
  /** The original when there is none yet, else a marked copy; or the one to be ceded, alike. Takes as long as the printer does. */
  print(id: string, ceded: boolean): Promise<PaperView>;
  /** A person looked for a paper that did not come out for certain: it is there, or it is wanted no more. */
  settlePaper(id: string, printed: boolean): Promise<PaperView>;
  printers(): Promise<PrintersView>;
  /** What this machine has; the system may take some seconds to tell. */
  foundPrinters(): Promise<FoundPrinterView[]>;
  /** Adds it, or sets the one of its name up anew. */
  putPrinter(printer: PrinterView): Promise<PrintersView>;
  removePrinter(name: string): Promise<PrintersView>;
  testPrinter(name: string): Promise<PaperView>;
  /** A PNG, or none any more. */
  setLogo(file: Uint8Array | null): Promise<PrintersView>;
  /** The same key is the same document, for ever: a lost answer is asked for again with it. */
  issue(sale: object, key: string): Promise<IssuedView>;
  preview(sale: object): Promise<PreviewView>;
  /** Since when card vouchers stand for boletas, as the company declared. */
  vouchers(): Promise<VoucherTermsView>;
  setVouchers(order: VoucherOrder): Promise<VoucherTermsView>;
  /** Records a sale that its voucher stands for; the same key is the same record, for ever. */
  record(sale: object, key: string): Promise<VouchedView>;
  /** Those of some days, the newest first. */
  vouched(from: string, to: string, cursor: string | null): Promise<VouchersView>;
  /** Takes the record of one back: it stays on the list, and counts no more. */
  undoVouched(order: VoucherUndoOrder): Promise<VouchedView>;
  /** Writes a file of them; answers its name, or where it is. */
  exportVouched(from: string, to: string): Promise<string>;
  /** What people did, the newest first: those older than `before` in which each word is found. */
  acts(words: string, before: number | null): Promise<ActsView>;
  /** A sale by its exact text, as a file has it. */
  issueText(sale: string, key: string): Promise<IssuedView>;
  /** Writes the table to fill in; answers its name, or where it is. */
  exampleSheet(): Promise<string>;
  /** Looks at a file of sales, JSON or the table; nothing is issued. `anew`: those issued on an earlier day are new ones. */
  checkBatch(file: ArrayBuffer, anew: boolean): Promise<BatchView>;
  resend(ids: string[]): Promise<ResentView>;
  /** All that a query wants. */
  resendFound(query: Query): Promise<ResentView>;
  count(query: Query): Promise<FoundView>;
  /** The day at a glance. */
  today(): Promise<TodayView>;
  /** Writes a file of all that a query wants; answers its name, or where it is. */
  exportFound(query: Query, form: "csv" | "xml"): Promise<string>;
  /** The sale of a document as it came in. */
  sale(id: string): Promise<string>;
  reissue(id: string, again: Again): Promise<ReissuedView>;
  /** What the SII's site says of a document that it gives no verdict of. */
  noteVerdict(id: string, order: NotedOrder): Promise<RowView>;
  /** A rejected document that the SII holds, and that somebody found accepted there. */
  foundAccepted(id: string, who: string): Promise<RowView>;
  /** The number of a replaced document was annulled at the SII. */
  numberAnnulled(id: string, who: string): Promise<RowView>;
  /** `share` is this machine's part and how many there are. */
  loadFolios(file: ArrayBuffer, share: [number, number], usedUpTo: number | null): Promise<LoadedRangeView>;
  stopRange(order: RangeDecision): Promise<RangeView>;
  resumeRange(order: RangeDecision): Promise<RangeView>;
  rangeAnnulled(order: RangeOrder): Promise<RangeView>;
  /** Those passed over when issuing was unlocked were looked for at the SII, around this one, and the unused ones annulled. */
  skippedAnnulled(order: RangeOrder): Promise<RangeView>;
  resendPending(): Promise<ResentView>;
  /** Starts or stops the sending; issuing is never stopped by it. */
  sending(running: boolean): Promise<void>;
  /** Returns what ends it. After `onLost` nothing more is pushed: subscribe again. */
  subscribe(onPush: (push: PushView) => void, onLost: () => void): () => void;
  /** Only where the window is the agent's own: asked before it closes while so many documents wait. Returns what ends it. */
  closing?(ask: (closing: Closing) => void): () => void;
  quit?(): Promise<void>;
  /** Only where the window is the agent's own: closes Timbre and opens it again. */
  restart?(): Promise<void>;
  /** Not where the panel is another machine's. */
  practice?: Practice;
  /** Only where the panel is another machine's, which asks for a password: from then on it is asked for anew. */
  leave?(): Promise<void>;
  /** The window goes to the tray, and the sending goes on. */
  hide?(): Promise<void>;
  /** Whether it opens when somebody logs in to this machine. */
  autostart?(): Promise<boolean>;
  /** Answers how it is now. */
  setAutostart?(on: boolean): Promise<boolean>;
  /** `null` before there is one. */
  company(): Promise<CompanyDataView | null>;
  setCompany(order: CompanyOrder): Promise<CompanyDataView>;
  /** `holder` where the file does not say whose it is. */
  loadCertificate(file: Uint8Array, password: string, holder: string | null): Promise<LoadedCertificateView>;
  /** Asks the authority all that needs no folio; takes up to a minute. */
  diagnose(): Promise<Diagnosis>;
  /** Why issuing is locked; `null` when it is not. */
  lock(): Promise<LockView | null>;
  unlock(order: UnlockOrder): Promise<LockView>;
  acceptClock(who: string): Promise<ClockView>;
  /** The programs that may come in by the local API; never a token. */
  tokens(): Promise<TokenView[]>;
  /** The only answer that ever holds the token. */
  makeToken(order: TokenOrder): Promise<NewTokenView>;
  revokeToken(name: string, who: string): Promise<TokenView[]>;
  /** The addresses that are told what becomes of documents. */
  webhooks(): Promise<WebhookView[]>;
  /** The only answer that ever holds the secret. */
  putWebhook(name: string, order: WebhookOrder): Promise<NewWebhookView>;
  removeWebhook(name: string, who: string): Promise<WebhookView[]>;
  testWebhook(name: string): Promise<AttemptView>;
  /** What was given up goes again. */
  redeliverWebhook(name: string): Promise<unknown>;
  /** What the folder's file of settings says. */
  settings(): Promise<SettingsView>;
  /** All that is wanted, or nothing of it. */
  setSettings(order: SettingsOrder): Promise<SettingsView>;
  /** Where the data folder is, and how full. */
  place(): Promise<PlaceView>;
  /** Begins a second look at all data; how far it is `check` tells. */
  /** Only where the window is the agent's own: the recovery key is not for the network. */
  sealer?: Sealer;
  beginCheck(): Promise<CheckView>;
  check(): Promise<CheckView>;
  /** Who works here, in which role; never a PIN. */
  staff(): Promise<StaffView>;
  putWorker(worker: WorkerOrder): Promise<StaffView>;
  removeWorker(name: string): Promise<StaffView>;
  /** Somebody in charge allows one act, once: answers what shows it. */
  permit(name: string, pin: string, act: string): Promise<string>;
}

/** Where a permit goes with a question. */
export const PERMIT = "timbre-permit";

type Asker = (act: string, why: string) => Promise<string | null>;
let asker: Asker | null = null;

/** Whoever asks people for a permit: answers it, or `null` when nobody gave one. Returns what ends it. */
export function askPermitsBy(ask: Asker): () => void {
  asker = ask;
  return () => {
    if (asker === ask) asker = null;
  };
}

/** Asks people for the permit of an act: `null` when nobody gave one. */
export const askFor: Asker = async (act, why) => (asker ? asker(act, why) : null);

/** Asks; when somebody in charge must allow it, asks them and then once more. */
export async function permitted<A>(ask: (headers: Record<string, string>) => Promise<A>): Promise<A> {
  try {
    return await ask({});
  } catch (thrown) {
    const problem = asProblem(thrown);
    const act = problem.view.code === "pin-needed" ? problem.view.errors[0]?.path : undefined;
    const permit = act ? await askFor(act, problem.message) : null;
    if (permit === null) throw problem;
    return ask({ [PERMIT]: permit });
  }
}

/** The same for what is looked through page by page: a permit is shown again for as long as it is good. */
export function permittedAgain(): typeof permitted {
  let kept: string | undefined;
  return async (ask) => {
    if (kept !== undefined) {
      try {
        return await ask({ [PERMIT]: kept });
      } catch (thrown) {
        if (asProblem(thrown).view.code !== "pin-needed") throw thrown;
        kept = undefined;
      }
    }
    return permitted((headers) => {
      kept = headers[PERMIT];
      return ask(headers);
    });
  };
}

/** How long an answer may take before it counts as none, and that of an act on many documents. */
export const ANSWER_MS = 10_000;
export const LONG_ANSWER_MS = 60_000;
/** The authority is asked a dozen things, one after the other. */
export const DIAGNOSIS_MS = 120_000;
/** The panel itself is asked for every five seconds. */
export const SNAPSHOT_MS = 5_000;

/** What `ask` answers in time; afterwards nobody waits for it, and nobody knows if it was done. */
export function within<A>(ms: number, ask: (signal: AbortSignal) => Promise<A>): Promise<A> {
  const end = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unreachable(T.problem.late));
      end.abort();
    }, ms);
    ask(end.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Who was in the panel of another machine for too long without doing anything. */
export const SESSION_ENDED = "session-ended";

/** No answer came, so nobody knows whether it was done. */
export const UNREACHABLE = "unreachable";

/** The only thing a port throws. */
export class Problem extends Error {
  readonly view: ProblemView;

  constructor(view: ProblemView) {
    const { code, title, detail } = view;
    super(T.refusals[code] ?? (detail || title));
    this.name = "Problem";
    this.view = { ...view, errors: view.errors.map((one) => ({ ...one, message: T.refusals[one.code] ?? one.message })) };
  }

  get unreachable(): boolean {
    return this.view.code === UNREACHABLE;
  }
}

export function unreachable(detail: string): Problem {
  return new Problem({ status: 0, code: UNREACHABLE, title: T.problem.silent, detail, errors: [] });
}

export function refused(code: string, detail: string): Problem {
  return new Problem({ status: 400, code, title: detail, detail, errors: [] });
}

export function isProblemView(value: unknown): value is ProblemView {
  const view = value as Partial<ProblemView> | null;
  return typeof view === "object" && view !== null && typeof view.code === "string" && typeof view.detail === "string";
}

/** Makes a Problem of whatever was thrown. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (isProblemView(thrown)) return new Problem(inNames({ ...thrown, errors: thrown.errors ?? [] }));
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem({ status: 500, code: "unknown", title: T.problem.unexpected, detail, errors: [] });
}
