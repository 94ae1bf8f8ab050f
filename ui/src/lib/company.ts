// What the SII wants to know of who issues, field by field, as a person types it.

import { capital } from "./format";
import { T } from "./text";
import type { RefusalView } from "./types";

export interface CompanyField {
  /** The SII's own tag. */
  tag: string;
  most: number;
  wide?: boolean;
  numeric?: boolean;
}

export const COMPANY_FIELDS: CompanyField[] = [
  { tag: "RUTEmisor", most: 12 },
  { tag: "RznSoc", most: 100, wide: true },
  { tag: "GiroEmis", most: 80, wide: true },
  { tag: "Acteco", most: 30, numeric: true },
  { tag: "DirOrigen", most: 60, wide: true },
  { tag: "CmnaOrigen", most: 20 },
  { tag: "FchResol", most: 10 },
  { tag: "NroResol", most: 6, numeric: true },
  { tag: "UnidadSII", most: 60 },
];

/** As the agent takes it: what is left out is not said, several activities are a list. What was `kept` and has no field here stays. */
export function companyData(typed: Record<string, string>, kept: Record<string, unknown> = {}): Record<string, unknown> {
  const said = COMPANY_FIELDS.map(({ tag }) => [tag, (typed[tag] ?? "").trim()] as const).filter(([, text]) => text !== "");
  const fields = COMPANY_FIELDS.map(({ tag }) => tag);
  const others = Object.entries(kept).filter(([tag]) => !fields.includes(tag));
  return Object.fromEntries([...others, ...said.map(([tag, text]) => [tag, valueOf(tag, text)] as const)]);
}

function valueOf(tag: string, text: string): unknown {
  if (tag === "Acteco") return text.split(/[\s,;]+/).filter(Boolean).map(whole);
  return tag === "NroResol" ? whole(text) : text;
}

/** What is no number goes as it was typed: the agent says what is wrong with it. */
function whole(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** What is kept, to be changed. */
export function typedOf(data: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(COMPANY_FIELDS.map(({ tag }) => [tag, ([data[tag] ?? ""].flat() as unknown[]).join(", ")]));
}

/** What is wrong with a field, as it stands beside it: whose it is its label says, and tags are the SII's, not the shop's. */
export function besideField({ code, path, message }: RefusalView): string {
  if (code === "company-data-missing") return T.setup.company.missing;
  const bare = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return capital(bare);
}
