// What a CAF says of itself, for the eye only: whether it is good the agent judges.

export interface CafHead {
  /** The type of document, `39`. */
  series: string;
  first: number;
  last: number;
}

/** The file is Latin-1, as the SII writes it. `null` when it does not look like one. */
export function readCaf(file: ArrayBuffer): CafHead | null {
  const page = new DOMParser().parseFromString(new TextDecoder("latin1").decode(file), "text/xml");
  const text = (tag: string) => page.getElementsByTagName(tag)[0]?.textContent?.trim() ?? "";
  const [series, first, last] = [text("TD"), Number(text("D")), Number(text("H"))];
  return series && first > 0 && last >= first ? { series, first, last } : null;
}
