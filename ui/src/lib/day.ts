// The day's figures, added up as a shop reads them.

import type { HourView, PaceView } from "./types";

/** Whether a type adds to the sales, takes from them, or is no sale: guías, purchases, liquidaciones. */
const SIGNS: Record<string, 1 | -1> = { 33: 1, 34: 1, 39: 1, 41: 1, 56: 1, 110: 1, 111: 1, 61: -1, 112: -1 };

export const signOf = (series: string): 1 | -1 | 0 => SIGNS[series] ?? 0;

export interface Sum {
  documents: number;
  total: number;
}

export function salesOf(hours: HourView[]): Sum {
  return hours.reduce(
    (sum, { series, documents, total }) => {
      const sign = signOf(series);
      // A note makes a sale smaller; it is no sale less.
      return { documents: sum.documents + (sign === 1 ? documents : 0), total: sum.total + sign * total };
    },
    { documents: 0, total: 0 },
  );
}

/** One line a type, in the order of their codes. */
export function kindsOf(hours: HourView[]): (Sum & { series: string })[] {
  const kinds = new Map<string, Sum>();
  for (const { series, documents, total } of hours) {
    const sum = kinds.get(series) ?? { documents: 0, total: 0 };
    kinds.set(series, { documents: sum.documents + documents, total: sum.total + total });
  }
  return [...kinds].map(([series, sum]) => ({ series, ...sum })).sort((a, b) => Number(a.series) - Number(b.series));
}

export interface Bar extends Sum {
  hour: number;
  /** What notes took back in that hour, not below zero. */
  taken: number;
  /** Before it. */
  sold: number;
}

/** A bar an hour, from the first with a document to now; at least eight, so that the picture has a shape. */
export function barsOf(hours: HourView[], now: number): Bar[] {
  const first = Math.max(0, Math.min(...hours.map(({ hour }) => hour), now - 7));
  const last = Math.max(...hours.map(({ hour }) => hour), now, first + 7);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const of = hours.filter(({ hour }) => hour === first + i);
    const sold = of.reduce((sum, { series, total }) => sum + (signOf(series) === 1 ? total : 0), 0);
    const taken = of.reduce((sum, { series, total }) => sum + (signOf(series) === -1 ? total : 0), 0);
    return { hour: first + i, sold, taken, ...salesOf(of) };
  });
}

/** The middle one: half of the good answers were quicker. `null` when there was none. */
export function medianOf(answers: PaceView[]): number | null {
  const took = answers.filter(({ ok }) => ok).map(({ took_ms }) => took_ms).sort((a, b) => a - b);
  return took.length ? (took[Math.floor(took.length / 2)] ?? null) : null;
}
