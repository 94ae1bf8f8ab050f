import { beforeEach, describe, expect, test, vi } from "vitest";

import { BURST_MS, Keyboard } from "./keys";

describe("the keyboard", () => {
  const press = vi.fn<(event: KeyboardEvent) => void>();
  const burst = vi.fn();
  let keyboard: Keyboard;

  beforeEach(() => {
    vi.useFakeTimers();
    press.mockReset();
    burst.mockReset();
    keyboard = new Keyboard({ press, burst });
  });

  function key(name: string, target: EventTarget = document.body, more: KeyboardEventInit = {}): KeyboardEvent {
    const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    keyboard.handle(event);
    return event;
  }

  test("a person's key acts after a moment", () => {
    key("u");
    expect(press).not.toHaveBeenCalled();
    vi.advanceTimersByTime(BURST_MS);
    expect(press).toHaveBeenCalledOnce();
    expect(burst).not.toHaveBeenCalled();
  });

  test("a scanner's burst goes to the field and fires nothing", () => {
    key("3");
    vi.advanceTimersByTime(BURST_MS - 1);
    key("u");
    vi.advanceTimersByTime(1000);
    expect(burst).toHaveBeenCalledExactlyOnceWith("3u");
    expect(press).not.toHaveBeenCalled();
  });

  test("an Enter on the heels of a character opens nothing", () => {
    key("7");
    expect(key("Enter").defaultPrevented).toBe(true);
    expect(press).not.toHaveBeenCalled();
  });

  test("nothing acts while a field is written in", () => {
    const field = document.body.appendChild(document.createElement("input"));
    key("u", field);
    key("Escape", field);
    vi.advanceTimersByTime(1000);
    expect(press).not.toHaveBeenCalled();
    field.remove();
  });

  test("a box to tick is no field", () => {
    const box = document.body.appendChild(document.createElement("input"));
    box.type = "checkbox";
    key("j", box);
    vi.advanceTimersByTime(BURST_MS);
    expect(press).toHaveBeenCalledOnce();
    box.remove();
  });
});
