// How the screens' tests press keys and let time pass: by hand, never by waiting.

import { fireEvent, render, screen } from "@testing-library/svelte";
import axe from "axe-core";
import { expect, vi } from "vitest";

import App from "../App.svelte";
import { DemoShop } from "../lib/demo";
import type { Room } from "../lib/rooms";

export const NOW = Date.parse("2026-11-22T15:00:00Z");

type Options = ConstructorParameters<typeof DemoShop>[0];

/** The whole window on a demo shop, at a fixed hour. */
export async function open(first: Room, options: Options = {}): Promise<DemoShop> {
  vi.useFakeTimers({ now: NOW });
  const shop = new DemoShop({ documents: 60, ...options });
  render(App, { port: shop, first });
  await settle();
  return shop;
}

export async function settle(ms = 50): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A key where the focus is. */
export async function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  await fireEvent.keyDown(document.activeElement ?? document.body, { key, ...more });
  await settle();
}

/** Writes into a field that already has the focus, and presses Enter. */
export async function enter(text: string): Promise<void> {
  await write(text);
  await press("Enter");
}

export async function write(text: string): Promise<void> {
  await fireEvent.input(document.activeElement as Element, { target: { value: text } });
}

export async function click(role: string, name: string | RegExp, more: MouseEventInit = {}): Promise<void> {
  await fireEvent.click(screen.getByRole(role, { name }), more);
  await settle();
}

/** Rules that need real layout or colours are checked in a browser. */
export async function expectAccessible(): Promise<void> {
  vi.useRealTimers();
  const { violations } = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, "target-size": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`)).toEqual([]);
}
