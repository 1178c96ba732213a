/**
 * The engine's sessions, and who may use one when. A session keeps the settings and parameters
 * that were set in it, so each serves one statement at a time and is put back to what it was.
 * Questions and changes have sessions of their own: heavy questions never hold up an insert.
 */
import type { Session } from "chdb";

/** Questions answered at the same time; the rest wait in order. */
export const questionsMax = 4;
/** Changes (inserts, migrations, deletions) at the same time. */
const writersMax = 2;
/** Statements that wait. More: refused at once with `TOO_MANY_SIMULTANEOUS_QUERIES`. */
const waitingMax = 256;

/**
 * The embedded engine does not heed every kill, least one that comes while it plans the statement:
 * what holds in any case is the statement's own `max_execution_time`.
 */
const killAfterMs = 1000;

export type Statement = {
  readonly sql: string;
  readonly format: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
};

export type StatementRun = {
  /** Resolves with the answer's bytes; rejects with the engine's error. */
  readonly answer: Promise<Uint8Array>;
  /** Ends the statement where it is: waiting or running. */
  cancel(): void;
};

export type SessionPool = {
  run(statement: Statement): StatementRun;
  /** Waits for what runs, then closes the data directory. */
  close(): Promise<void>;
};

type Slot = { readonly session: Session; settings: ReadonlySet<string> };
type Waiting = { readonly take: (slot: Slot) => void };
type Lane = { readonly idle: Slot[]; readonly waiting: Waiting[]; opened: number; readonly max: number };

export function sessionPool(open: () => Session, first: Session): SessionPool {
  /** Kills statements of the others; it must never wait behind them. */
  const control = first;
  const sessions: Session[] = [first];
  const readers: Lane = { idle: [], waiting: [], opened: 0, max: questionsMax };
  const writers: Lane = { idle: [], waiting: [], opened: 0, max: writersMax };
  const running = new Set<Promise<unknown>>();
  let runs = 0;

  function acquire(lane: Lane): { slot: Promise<Slot>; leave: () => void } {
    const idle = lane.idle.pop();
    if (idle) return { slot: Promise.resolve(idle), leave: () => {} };
    if (lane.opened < lane.max) {
      lane.opened++;
      const session = open();
      sessions.push(session);
      return { slot: Promise.resolve({ session, settings: new Set() }), leave: () => {} };
    }
    if (lane.waiting.length >= waitingMax) throw new Error(tooMany);
    const { promise, resolve } = Promise.withResolvers<Slot>();
    const waiting: Waiting = { take: resolve };
    lane.waiting.push(waiting);
    return {
      slot: promise,
      leave: () => {
        const at = lane.waiting.indexOf(waiting);
        if (at >= 0) lane.waiting.splice(at, 1);
      },
    };
  }

  function release(lane: Lane, slot: Slot): void {
    const next = lane.waiting.shift();
    if (next) next.take(slot);
    else lane.idle.push(slot);
  }

  async function kill(mark: string, isRunning: () => boolean): Promise<void> {
    while (isRunning()) {
      await new Promise((resolve) => setTimeout(resolve, killAfterMs));
      if (!isRunning()) return;
      await control.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' ASYNC`).catch(() => {});
    }
  }

  return {
    run(statement) {
      const lane = /^\s*(?:select|with)\b/i.test(withoutComments(statement.sql)) ? readers : writers;
      const mark = `run-${++runs}`;
      const { slot: acquired, leave } = acquire(lane);
      const { promise: cancelled, reject: rejectCancelled } = Promise.withResolvers<never>();
      cancelled.catch(() => {});
      let state: "waiting" | "running" | "ended" = "waiting";
      const work = acquired.then(async (slot) => {
        try {
          if (state === "ended") throw new Error(wasCancelled);
          state = "running";
          const sql = `${preamble(statement, slot, mark)}${statement.sql}`;
          const result = await slot.session.queryAsync(sql, { format: statement.format });
          return result.bytes();
        } finally {
          state = "ended";
          release(lane, slot);
        }
      });
      const settled = work.catch(() => {});
      running.add(settled);
      void settled.then(() => running.delete(settled));
      return {
        answer: Promise.race([work, cancelled]),
        cancel() {
          if (state === "waiting") {
            state = "ended";
            leave();
            // Nobody will hand a slot to it any more, so it must not be waited for.
            running.delete(settled);
            rejectCancelled(new Error(wasCancelled));
          } else if (state === "running") {
            const killing = kill(mark, () => state === "running");
            running.add(killing);
            void killing.then(() => running.delete(killing));
          }
        },
      };
    },
    async close() {
      while (running.size > 0) await Promise.all(running);
      for (const session of sessions) session.close();
    },
  };
}

const wasCancelled = "Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)";
const tooMany = "Code: 202. DB::Exception: Too many statements are waiting. (TOO_MANY_SIMULTANEOUS_QUERIES)";

/** Sets what the statement asks for, and takes back what the one before it had set. */
function preamble(statement: Statement, slot: Slot, mark: string): string {
  const changes = [`log_comment = '${mark}'`];
  for (const name of slot.settings) {
    if (!statement.settings.has(name)) changes.push(`${name} = DEFAULT`);
  }
  for (const [name, value] of statement.settings) changes.push(`${name} = ${quote(value)}`);
  for (const [name, value] of statement.parameters) changes.push(`param_${name} = ${quote(value)}`);
  slot.settings = new Set(statement.settings.keys());
  return `SET ${changes.join(", ")};\n`;
}

/** A string literal. Only the backslash and the quote can end or change one. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function withoutComments(sql: string): string {
  return sql.replace(/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, "");
}
