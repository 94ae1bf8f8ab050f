// A printer's test page, and what came of it.

import { asProblem, type Port } from "./port";
import { T } from "./text";
import type { PaperView, PrinterView } from "./types";

export interface Tested {
  text: string;
  bad: boolean;
  /** A person knows more of it than the printer told. */
  mute?: boolean;
}

export class Trial {
  /** The printer that prints its page now. */
  busy = $state<string | null>(null);
  /** What came of each, by the printer's name. */
  of = $state<Record<string, Tested>>({});

  async run(port: Port, printer: PrinterView): Promise<void> {
    const { name } = printer;
    this.busy = name;
    delete this.of[name];
    try {
      const paper = await port.testPrinter(name);
      const mute = paper.state === "partial" && printer.device.startsWith("red:") && printer.status !== "none";
      this.of[name] = { ...said(paper), mute };
    } catch (thrown) {
      this.of[name] = { text: asProblem(thrown).message, bad: true };
    } finally {
      this.busy = null;
    }
  }
}

function said({ state, why }: PaperView): Tested {
  if (state === "done" || state === "handed") return { text: T.printers.tested[state], bad: false };
  return { text: state === "partial" ? T.printers.tested.partial(why) : T.printers.tested.failed(why), bad: true };
}
