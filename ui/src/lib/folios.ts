// What the ranges of a type say together.

import { number } from "./format";
import { T } from "./text";
import type { FoliosView, RangeView } from "./types";

/** A document as every screen says it, `Nota de crédito 1`. */
export const named = ({ kind, folio }: { kind: string; folio: number }): string => `${kind} ${number(folio)}`;

/** The same of its id; the id itself where its type is not known. */
export function documentName(id: string): string {
  const [, series = "", folio] = /^T(\w+)F(\d+)$/.exec(id) ?? [];
  const kind = T.kinds[series];
  return kind ? named({ kind, folio: Number(folio) }) : id;
}

const KIND = new RegExp(`\\b(${Object.values(T.kinds).join("|")}) (\\d{1,3}(?:\\.\\d{3})+|\\d+)(?![\\d/-]|\\.\\d)`, "gi");

/** Words that somebody looks for: a document in them by its id (`boleta 1.200` is `T39F1200`), a folio by its digits alone. */
export function idsIn(words: string): string {
  const series = (name: string) => Object.keys(T.kinds).find((one) => T.kinds[one]?.toLowerCase() === name.toLowerCase()) ?? "";
  const digits = (folio: string) => folio.replaceAll(".", "");
  return words
    .trim()
    .replace(/\s+/g, " ")
    .replace(KIND, (_, kind: string, folio: string) => `T${series(kind)}F${digits(folio)}`)
    .split(" ")
    .map((word) => (/^\d{1,3}(\.\d{3})+$/.test(word) ? digits(word) : word))
    .join(" ");
}

/** What of an answer people read as it stands. What is exact (a document, an answer of the authority, an id) is none of it. */
const WORDS = new Set(["message", "text", "title", "detail", "attention", "error", "meaning", "why", "reason", "warning", "task", "trouble"]);

/** An answer of the agent whose sentences call each document by its name. */
export function inNames<A>(answer: A, word = false): A {
  if (typeof answer === "string") return (word ? answer.replace(/\bT\w+?F\d+\b/g, documentName) : answer) as A;
  if (Array.isArray(answer)) return answer.map((one: unknown) => inNames(one, word)) as A;
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, inNames<unknown>(value, WORDS.has(key))])) as A;
}

/** A range that still has folios, none of which is given: it was stopped, and may be used again. */
export const stoppedOf = (kind?: FoliosView): RangeView | undefined =>
  kind?.ranges.find((range) => range.stopped && range.left > 0 && !range.expired && !range.annulled);
