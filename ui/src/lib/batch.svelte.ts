// A file of sales on its way: looked at whole, then issued one after the other with the keys that it was given.

import { isOfSeller } from "./cashier.svelte";
import { asProblem, type Port } from "./port";
import { reasons } from "./sale-json";
import type { BatchSaleView, BatchView } from "./types";

export class Batch {
  file: ArrayBuffer | null = null;
  view = $state.raw<BatchView | null>(null);
  checking = $state(false);
  running = $state(false);
  /** Why it does not go on, or why the file could not be looked at. */
  problem = $state<string | null>(null);
  anew = $state(false);
  /** By place in the file: what was made of the sale, or why nothing was. */
  made = $state.raw<ReadonlyMap<number, string>>(new Map());
  failed = $state.raw<ReadonlyMap<number, string>>(new Map());
  private wanted = false;

  constructor(private readonly port: Port) {}

  get sales(): BatchSaleView[] {
    return this.view?.sales ?? [];
  }

  /** The file is none of sales: not one could be read. */
  get unread(): boolean {
    return this.sales.length > 0 && this.sales.every(({ sale }) => !sale);
  }

  get refused(): number {
    return this.sales.filter((sale) => sale.refusals.length > 0).length;
  }

  /** What is to be heeded in sales that can be issued all the same: once each, with how many it is said of. */
  get warnings(): [string, number][] {
    const many = new Map<string, number>();
    for (const { warnings } of this.sales) {
      for (const message of new Set(warnings.map((warning) => warning.message))) many.set(message, (many.get(message) ?? 0) + 1);
    }
    return [...many];
  }

  get before(): number {
    return this.sales.filter((sale) => sale.issued).length;
  }

  /** Those that pressing the button issues. */
  get waiting(): [number, BatchSaleView][] {
    const open = (sale: BatchSaleView, i: number) => !sale.issued && sale.refusals.length === 0 && !this.made.has(i) && !this.failed.has(i);
    return [...this.sales.entries()].filter(([i, sale]) => open(sale, i));
  }

  get total(): number {
    return this.waiting.reduce((sum, [, sale]) => sum + Number(sale.totals?.MntTotal ?? 0), 0);
  }

  /** All or nothing: one that is wrong is put right first. */
  get ready(): boolean {
    return this.refused === 0 && this.view?.short.length === 0 && this.waiting.length > 0;
  }

  async take(file: ArrayBuffer): Promise<void> {
    this.file = file;
    this.anew = false;
    await this.check();
  }

  async again(anew: boolean): Promise<void> {
    this.anew = anew;
    await this.check();
  }

  private async check(): Promise<void> {
    if (!this.file) return;
    this.checking = true;
    this.problem = null;
    this.made = new Map();
    this.failed = new Map();
    try {
      this.view = await this.port.checkBatch(this.file, this.anew);
    } catch (thrown) {
      this.view = null;
      this.problem = asProblem(thrown).message;
    }
    this.checking = false;
  }

  /** Issues what waits, in the order of the file, until it is done, stopped, or nothing can be issued any more. */
  async run(): Promise<void> {
    this.running = true;
    this.wanted = true;
    this.problem = null;
    for (const [i, sale] of this.waiting) {
      if (!this.wanted) break;
      try {
        const issued = await this.port.issueText(sale.sale, sale.key);
        this.made = new Map(this.made).set(i, issued.document.id);
      } catch (thrown) {
        const problem = asProblem(thrown);
        // It is not about this sale: nothing can be issued now.
        if (problem.unreachable || problem.view.status >= 500 || problem.view.status === 401 || isOfSeller(problem.view.code)) {
          this.problem = problem.message;
          break;
        }
        this.failed = new Map(this.failed).set(i, reasons(problem, []).join(" "));
      }
    }
    this.running = false;
  }

  /** Answers whether there was anything to stop. */
  stop(): boolean {
    const goes = this.running && this.wanted;
    this.wanted = false;
    return goes;
  }
}
