// Keys of the window. None acts while a field has the focus; a scanner, which is a fast keyboard,
// never fires one: its burst goes whole to the code or search field.

/** Between two keys of a scanner; people are slower. */
export const BURST_MS = 30;

/** A place to write in. A box to tick is none. */
export function inField(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLElement && (target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName));
}

/** Something modal is open and owns the keys. */
export function modalOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

interface Actions {
  /** A single key by a person. Returns nothing; unknown keys are ignored. */
  press: (event: KeyboardEvent) => void;
  /** The beginning of a burst: the field takes the text and the focus, the rest follows by itself. */
  burst: (text: string) => void;
}

/**
 * Waits a moment after each character before it counts as a key press: when another one follows at
 * once, both were a scanner's.
 */
export class Keyboard {
  private waiting: KeyboardEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly actions: Actions) {}

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || inField(event.target) || modalOpen()) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return this.actions.press(event);
    if (event.key.length !== 1) {
      // Enter right after a character is a scanner's too: it must not open a row.
      if (this.waiting.length > 0 && event.key === "Enter") event.preventDefault();
      else this.actions.press(event);
      return;
    }
    if (event.key === " ") return;
    event.preventDefault();
    this.waiting.push(event);
    clearTimeout(this.timer);
    if (this.waiting.length > 1) this.flush();
    else this.timer = setTimeout(() => this.single(), BURST_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.waiting = [];
  }

  private single(): void {
    const [event] = this.waiting;
    this.waiting = [];
    if (event) this.actions.press(event);
  }

  private flush(): void {
    const text = this.waiting.map((event) => event.key).join("");
    this.waiting = [];
    this.actions.burst(text);
  }
}
