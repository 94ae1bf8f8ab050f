import { fireEvent, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { T } from "../../lib/text";
import { open, settle } from "../testing";

test("an edge beyond which there are more chips tells it, and no other", async () => {
  await open("documents");
  const chips = screen.getByRole("group", { name: T.list.chips });
  expect(chips).not.toHaveClass("before");
  expect(chips).not.toHaveClass("after");
  Object.defineProperties(chips, { clientWidth: { value: 200 }, scrollWidth: { value: 300 } });
  const at = async (left: number) => {
    chips.scrollLeft = left;
    await fireEvent.scroll(chips);
    await settle();
    return ["before", "after"].filter((edge) => chips.classList.contains(edge));
  };
  expect(await at(0)).toEqual(["after"]);
  expect(await at(50)).toEqual(["before", "after"]);
  expect(await at(100)).toEqual(["before"]);
});
