// Keys of the window. None acts while a field has the focus; a scanner, which is a fast keyboard,
// never fires one: its burst goes whole to the code or search field, wherever the focus is.

/** Between two keys of a scanner; people are slower. */
export const BURST_MS = 30;

/** What came at a scanner's pace and then stops for so long has come to its end, without an Enter. */
const REST_MS = 100;

/** So many characters in a field at that pace are no person's, nor a key that writes «000». */
const SURE = 4;

/** The mark of a field that scanners may write in. */
export const SCANS = "data-scans";

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
  /**
   * The beginning of a burst, with its Enter when it ended already. Answers whether a field took the
   * text and the focus: the rest then follows by itself, else it is swallowed.
   */
  burst: (text: string, enter: boolean) => boolean;
  /** Whether a burst is for `burst` while a question is open, too; else it does nothing there. */
  behind: () => boolean;
}

/** What a field held before the first character of what may be a burst. */
interface Before {
  field: HTMLInputElement;
  value: string;
  text: string;
}

/** What may be a burst while a question is open; its field may be none. */
interface Behind {
  field: HTMLInputElement | null;
  value: string;
  text: string;
}

/**
 * `guard` hears every key before anything else does and takes bursts out of fields that they do not
 * belong in; `handle` hears what nobody wanted. Outside of fields a character waits a moment before it
 * counts as a key press: when another one follows at once, both were a scanner's.
 */
export class Keyboard {
  private waiting: KeyboardEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private before: Before | null = null;
  private behind: Behind | null = null;
  private rest: ReturnType<typeof setTimeout> | undefined;
  /** When the last character came. */
  private last = -Infinity;
  /** When the last Enter came that a burst ended with. */
  private ended = -Infinity;
  /** The key is on the heels of a character. */
  private soon = false;
  /** A burst that nobody took, until it ends. */
  private swallowing = false;

  constructor(private readonly actions: Actions) {}

  guard(event: KeyboardEvent): void {
    // A key that is held down is pressed once.
    if (event.repeat && (event.key === "Enter" || /^F\d+$/.test(event.key))) return stop(event);
    const character = isCharacter(event);
    if (!character && event.key !== "Enter") return;
    this.soon = !event.repeat && event.timeStamp - this.last < BURST_MS;
    this.swallowing &&= this.soon;
    if (character) this.last = event.timeStamp;
    // Some scanners end with two of them, and the second is no person's either.
    const twice = !character && event.timeStamp - this.ended < BURST_MS;
    if (!character && (this.soon || twice)) this.ended = event.timeStamp;
    if (this.swallowing || twice) return stop(event);
    if (modalOpen()) {
      if (event.key === "Enter" && this.soon) stop(event);
      if (this.actions.behind()) this.question(event, character);
    } else if (inField(event.target)) this.inside(event, character);
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || inField(event.target) || modalOpen()) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return this.actions.press(event);
    if (event.key.length !== 1) {
      // Enter right after a character is a scanner's too: it must not open a row.
      if (event.key === "Enter" && this.soon) event.preventDefault();
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
    clearTimeout(this.rest);
    this.waiting = [];
  }

  /** In a field that scanners do not write in: what was written at their pace is taken out again. */
  private inside(event: KeyboardEvent, character: boolean): void {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.hasAttribute(SCANS)) return void (this.before = null);
    if (!this.soon || this.before?.field !== field) this.before = { field, value: field.value, text: "" };
    if (character) this.before.text += event.key;
    const { value, text } = this.before;
    if (text.length < (character ? SURE : 2)) return;
    stop(event);
    this.before = null;
    put(field, value);
    this.hand(text, !character);
  }

  /** While a question has the focus no other field can take the rest of a burst: it is kept to its Enter, or its end. */
  private question(event: KeyboardEvent, character: boolean): void {
    const field = event.target instanceof HTMLInputElement && inField(event.target) ? event.target : null;
    if (!this.soon) {
      if (this.behind && this.behind.text.length >= SURE) this.handBehind(this.behind, false);
      this.behind = character ? { field, value: field?.value ?? "", text: "" } : null;
    }
    const { behind } = this;
    if (behind === null) return;
    clearTimeout(this.rest);
    if (character) behind.text += event.key;
    const sure = behind.text.length >= (character ? SURE : 2);
    if (!sure) return;
    stop(event);
    if (behind.field) put(behind.field, behind.value);
    if (character) this.rest = setTimeout(() => this.handBehind(behind, false), REST_MS);
    else this.handBehind(behind, true);
  }

  private handBehind(behind: Behind, enter: boolean): void {
    clearTimeout(this.rest);
    this.behind = null;
    this.actions.burst(behind.text, enter);
  }

  private single(): void {
    const [event] = this.waiting;
    this.waiting = [];
    if (event) this.actions.press(event);
  }

  private flush(): void {
    const text = this.waiting.map((event) => event.key).join("");
    this.waiting = [];
    this.hand(text, false);
  }

  private hand(text: string, enter: boolean): void {
    this.swallowing = !this.actions.burst(text, enter);
  }
}

function isCharacter(event: KeyboardEvent): boolean {
  return event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
}

function put(field: HTMLInputElement, value: string): void {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function stop(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
