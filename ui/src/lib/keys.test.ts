import { beforeEach, describe, expect, test, vi } from "vitest";

import { BURST_MS, Keyboard, SCANS } from "./keys";

describe("the keyboard", () => {
  const press = vi.fn<(event: KeyboardEvent) => void>();
  const burst = vi.fn<(text: string, enter: boolean) => boolean>();
  const behind = vi.fn<() => boolean>();
  let keyboard: Keyboard;
  /** The time of the last key. */
  let at = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    press.mockReset();
    burst.mockReset().mockReturnValue(true);
    behind.mockReset().mockReturnValue(false);
    keyboard = new Keyboard({ press, burst, behind });
    at += 1000;
    return () => document.body.replaceChildren();
  });

  /** A key `after` milliseconds, with what a browser then does to a field. */
  function key(name: string, target: EventTarget = document.body, { after = 5, ...more }: KeyboardEventInit & { after?: number } = {}): KeyboardEvent {
    const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more });
    at += after;
    Object.defineProperty(event, "timeStamp", { value: at });
    target.dispatchEvent(event);
    keyboard.guard(event);
    if (!event.cancelBubble) keyboard.handle(event);
    if (!event.defaultPrevented && target instanceof HTMLInputElement && name.length === 1) target.value += name;
    return event;
  }

  function field(value = "", scans = false): HTMLInputElement {
    const input = document.body.appendChild(document.createElement("input"));
    input.value = value;
    input.toggleAttribute(SCANS, scans);
    return input;
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
    expect(burst).toHaveBeenCalledExactlyOnceWith("3u", false);
    expect(press).not.toHaveBeenCalled();
  });

  test("an Enter on the heels of a character opens nothing", () => {
    key("7");
    expect(key("Enter").defaultPrevented).toBe(true);
    expect(press).not.toHaveBeenCalled();
  });

  test("nothing acts while a field is written in", () => {
    key("u", field());
    key("Escape", field());
    vi.advanceTimersByTime(1000);
    expect(press).not.toHaveBeenCalled();
  });

  test("a box to tick is no field", () => {
    const box = document.body.appendChild(document.createElement("input"));
    box.type = "checkbox";
    key("j", box);
    vi.advanceTimersByTime(BURST_MS);
    expect(press).toHaveBeenCalledOnce();
    box.remove();
  });

  test("a scan in another field is taken out of it and handed on; what a person wrote stays", () => {
    const money = field("20");
    const heard = vi.fn();
    money.addEventListener("input", heard);
    for (const name of "7801") key(name, money);
    expect(money.value).toBe("20");
    expect(heard).toHaveBeenCalledOnce();
    expect(burst).toHaveBeenCalledExactlyOnceWith("7801", false);
  });

  test("a short scan is known by its Enter, which charges nothing", () => {
    const money = field();
    for (const name of "42") key(name, money);
    expect(key("Enter", money).defaultPrevented).toBe(true);
    expect(money.value).toBe("");
    expect(burst).toHaveBeenCalledExactlyOnceWith("42", true);
  });

  test("a person in a field writes on, and a key that writes «000» is a person's", () => {
    const money = field();
    for (const name of "12345") key(name, money, { after: BURST_MS });
    key("0", money, { after: 200 });
    for (const name of "00") key(name, money);
    expect(key("Enter", money, { after: BURST_MS }).defaultPrevented).toBe(false);
    expect(money.value).toBe("12345000");
    expect(burst).not.toHaveBeenCalled();
  });

  test("the field that scanners write in reads them itself", () => {
    const code = field("3*", true);
    for (const name of "7801234") key(name, code);
    expect(key("Enter", code).defaultPrevented).toBe(false);
    expect(code.value).toBe("3*7801234");
    expect(burst).not.toHaveBeenCalled();
  });

  test("a scanner that ends with two Enters has pressed it once", () => {
    const code = field("", true);
    for (const name of "7801234") key(name, code);
    expect(key("Enter", code, { after: 25 }).defaultPrevented).toBe(false);
    expect(key("Enter", code, { after: 25 }).defaultPrevented).toBe(true);
    expect(key("Enter", code, { after: 25 }).defaultPrevented).toBe(true);
    expect(key("Enter", code, { after: BURST_MS }).defaultPrevented).toBe(false);
  });

  test("what nobody takes is swallowed to its end", () => {
    burst.mockReturnValue(false);
    const code = field("", true);
    key("7");
    key("8");
    expect(key("0").defaultPrevented).toBe(true);
    for (const name of "1234") key(name, code);
    expect(key("Enter", code).defaultPrevented).toBe(true);
    expect(code.value).toBe("");
    key("9", code, { after: 500 });
    expect(code.value).toBe("9");
    vi.advanceTimersByTime(1000);
    expect(press).not.toHaveBeenCalled();
    expect(burst).toHaveBeenCalledOnce();
  });

  test("behind a question a scan answers nothing", () => {
    const dialog = document.body.appendChild(document.createElement("dialog"));
    dialog.setAttribute("open", "");
    const button = dialog.appendChild(document.createElement("button"));
    key("7", button);
    expect(key("Enter", button).defaultPrevented).toBe(true);
    expect(key("Enter", button, { after: 500 }).defaultPrevented).toBe(false);
    expect(burst).not.toHaveBeenCalled();
  });

  test("where it is taken behind a question, a scan leaves the question's field as it was and goes whole with its Enter", () => {
    behind.mockReturnValue(true);
    const dialog = document.body.appendChild(document.createElement("dialog"));
    dialog.setAttribute("open", "");
    for (const inside of [dialog.appendChild(field("10")), dialog.appendChild(document.createElement("button"))]) {
      for (const name of "7801234") key(name, inside, { after: name === "7" ? 500 : 5 });
      expect(burst).not.toHaveBeenCalled();
      expect(key("Enter", inside).defaultPrevented).toBe(true);
      expect(burst).toHaveBeenCalledExactlyOnceWith("7801234", true);
      if (inside instanceof HTMLInputElement) expect(inside.value).toBe("10");
      burst.mockClear();
    }
    expect(press).not.toHaveBeenCalled();
  });

  test("a scan that ends without an Enter behind a question is handed on without one, and once", () => {
    behind.mockReturnValue(true);
    const dialog = document.body.appendChild(document.createElement("dialog"));
    dialog.setAttribute("open", "");
    const off = dialog.appendChild(field("10"));
    for (const name of "7801234") key(name, off, { after: name === "7" ? 500 : 5 });
    expect(burst).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(burst).toHaveBeenCalledExactlyOnceWith("7801234", false);
    expect(off.value).toBe("10");
    // A person goes on before its end was noticed.
    for (const name of "7801235") key(name, off, { after: name === "7" ? 500 : 5 });
    key("2", off, { after: 60 });
    vi.advanceTimersByTime(1000);
    expect(burst).toHaveBeenCalledTimes(2);
    expect(burst).toHaveBeenLastCalledWith("7801235", false);
    expect(off.value).toBe("102");
  });

  test("a person writes in a question's field and answers it", () => {
    behind.mockReturnValue(true);
    const dialog = document.body.appendChild(document.createElement("dialog"));
    dialog.setAttribute("open", "");
    const pin = dialog.appendChild(field());
    for (const name of "2580") key(name, pin, { after: BURST_MS });
    expect(key("Enter", pin, { after: BURST_MS }).defaultPrevented).toBe(false);
    expect(pin.value).toBe("2580");
    expect(burst).not.toHaveBeenCalled();
  });

  test("a key that is held down is pressed once", () => {
    const code = field("", true);
    expect(key("Enter", code, { after: 500 }).defaultPrevented).toBe(false);
    expect(key("Enter", code, { repeat: true, after: 500 }).defaultPrevented).toBe(true);
    expect(key("F10", code, { repeat: true, after: 500 }).defaultPrevented).toBe(true);
  });
});
