// A start that makes its index anew: what a shop sees until it can sell.

import { render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { expect, test, vi } from "vitest";

import Starting from "./Starting.svelte";
import { expectAccessible } from "./testing";

test("the percent is told as it grows, until nobody looks any more", async () => {
  let tell = (_percent: number) => {};
  const stop = vi.fn();
  const { unmount } = render(Starting, {
    percent: 3,
    hear: (heard) => {
      tell = heard;
      return stop;
    },
  });
  expect(screen.getByRole("heading", { name: "Rehaciendo el índice: 3 %" })).toBeVisible();
  expect(screen.getByRole("progressbar", { name: "Rehaciendo el índice: 3 %" })).toHaveAttribute("value", "3");
  tell(37);
  await tick();
  expect(screen.getByRole("progressbar", { name: "Rehaciendo el índice: 37 %" })).toHaveAttribute("value", "37");
  expect(screen.getByText(/nada se pierde/)).toBeVisible();
  await expectAccessible();
  unmount();
  expect(stop).toHaveBeenCalledOnce();
});
