import { expect, test } from "vitest";

import { demoRange, notes } from "../../lib/demo-answers";
import type { RangeView, Snapshot } from "../../lib/types";
import { blockOf } from "./blocked";

function told(...ranges: Partial<RangeView>[]) {
  const kind = { ...notes(ranges.map((range) => ({ ...demoRange(1, 100, 1, 1, null), ...range }))), left: 0 };
  return blockOf({ folios: [kind] } as Partial<Snapshot> as Snapshot, Number(kind.series), "Nota de crédito");
}

test("folios that are stopped are told with their reason, those that are used up without one", () => {
  const stopped = "el SII los tiene anulados";
  expect(told({ left: 0 }, { stopped })).toEqual({ cause: "range", what: "Nota de crédito", text: stopped });
  const none = { cause: "folios", what: "Nota de crédito", text: "" };
  expect(told({ left: 0 })).toEqual(none);
  // Nobody may use these again.
  expect(told({ stopped, left: 0 })).toEqual(none);
  expect(told({ stopped, expired: true })).toEqual(none);
  expect(told({ stopped, annulled: true })).toEqual(none);
});
