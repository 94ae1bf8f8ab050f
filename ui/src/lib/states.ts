// What a document's state looks like and which counter it is in. Shape, word and colour: never
// colour alone.

import { T } from "./text";
import type { Counters, RowView } from "./types";

export type Counter = keyof Counters;
export const COUNTERS: readonly Counter[] = ["queued", "sending", "at_authority", "accepted", "problem"];

/** What the list can be narrowed to: a counter, or what has no whole paper (in its counter all the same). */
export type Lens = Counter | "unprinted";

/** The tone names a colour of `app.css` and a shape of `StateIcon`. */
export type Tone =
  | "queued"
  | "sending"
  | "authority"
  | "verifying"
  | "waiting"
  | "accepted"
  | "objected"
  | "rejected"
  | "attention"
  | "void";

export interface Mark {
  tone: Tone;
  word: string;
}

const BY_STATE: Record<string, Mark> = {
  GENERADO: { tone: "queued", word: T.state.queued },
  ENVIANDO: { tone: "sending", word: T.state.sending },
  ENVIADO: { tone: "authority", word: T.state.authority },
  VERIFICANDO: { tone: "verifying", word: T.state.verifying },
  PENDIENTE: { tone: "waiting", word: T.state.waiting },
  ACEPTADO: { tone: "accepted", word: T.state.accepted },
  REPARO: { tone: "objected", word: T.state.objected },
  RECHAZADO: { tone: "rejected", word: T.state.rejected },
  REEMPLAZADO: { tone: "void", word: T.state.replaced },
};

/** The state alone, without the flags. */
export function stateMark(state: string): Mark {
  return BY_STATE[state] ?? { tone: "void", word: state };
}

/** The one mark a list shows: what asks for a person comes first, then what ended the document. */
export function markOf(row: RowView): Mark {
  if (row.attention && row.state !== "RECHAZADO") return { tone: "attention", word: T.state.attention };
  if (row.annulled_by) return { tone: "void", word: T.state.annulled };
  return stateMark(row.state);
}

export const COUNTER_TONE: Record<Counter, Tone> = {
  queued: "queued",
  sending: "sending",
  at_authority: "authority",
  accepted: "accepted",
  problem: "attention",
};

/** A document is in exactly one counter; a replaced one in none. */
export function counterOf(row: RowView): Counter | null {
  if (row.state === "REEMPLAZADO") return null;
  if (row.state === "RECHAZADO" || row.attention) return "problem";
  if (row.state === "GENERADO" || row.state === "PENDIENTE") return "queued";
  if (row.state === "ENVIANDO") return "sending";
  if (row.state === "ENVIADO" || row.state === "VERIFICANDO") return "at_authority";
  return "accepted";
}

/** Its paper did not come out, or not whole: a person has to look. */
export function lacksPaper({ paper }: RowView): boolean {
  return paper?.state === "failed" || paper?.state === "partial";
}

export function inLens(row: RowView, lens: Lens | null): boolean {
  if (lens === "unprinted") return lacksPaper(row);
  return lens === null || counterOf(row) === lens;
}

/** A person was called to one that the SII has, or may have, without a verdict. */
function isStuck(row: RowView): boolean {
  return row.attention !== null && (row.state === "ENVIADO" || row.state === "VERIFICANDO");
}

/** Only from these states can anything leave; for one in doubt the SII is asked first. */
export function canResend(row: RowView): boolean {
  return row.state === "GENERADO" || row.state === "PENDIENTE" || row.state === "VERIFICANDO" || isStuck(row);
}

/** What the SII rejected is made again, and what it may have another one of: it is asked first. Not what a note annuls. */
export function canReissue(row: RowView): boolean {
  return row.annulled_by === null && (row.state === "RECHAZADO" || isStuck(row));
}

const DAY_MS = 24 * 3_600_000;

/**
 * The SII took it more than a day ago and says nothing more of it, or says in turn that it has it and that it hasn't: a
 * person may note what its site says.
 */
export function canSay(row: RowView, now: number): boolean {
  if (row.attention === null) return false;
  const circles = ["VERIFICANDO", "PENDIENTE"].includes(row.state) && row.attempts > 1;
  return (row.state === "ENVIADO" && Date.parse(row.since) + DAY_MS <= now) || (circles && Date.parse(row.issued) + DAY_MS <= now);
}

/** Its number is still to be annulled at the SII. */
export function canAnnul(row: RowView): boolean {
  return row.state === "REEMPLAZADO" && row.attention !== null;
}

/** Types that a credit note corrects: facturas, boletas, and debit notes. */
const NOTED = ["33", "34", "39", "41", "56"];

/** What stands at the SII, or is on its way there, and is not annulled. A rejected one never gets a note. */
export function canNote(row: RowView): boolean {
  return NOTED.includes(row.series) && row.annulled_by === null && row.state !== "RECHAZADO" && row.state !== "REEMPLAZADO";
}

/** A step of a document's life that is a state has the state's mark. */
export function stepMark(title: string): Mark | null {
  return BY_STATE[title] ?? null;
}
