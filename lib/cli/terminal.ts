import { constants } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

/** Where a command writes and asks. */
export interface Terminal {
  /** Whether there is a person to ask. */
  readonly isInteractive: boolean;
  write(text: string): void;
  paint(color: 'green' | 'red' | 'yellow', text: string): string;
  /** Asks for yes or no. */
  confirm(question: string): Promise<boolean>;
}

/** The terminal of this process, if it has one. */
export function processTerminal(): Terminal {
  const { stdin: input, stdout: output } = process;
  return {
    isInteractive: input.isTTY === true && output.isTTY === true,
    write: (text) => void output.write(text),
    paint: (color, text) => (output.isTTY && !process.env.NO_COLOR ? styleText(color, text) : text),
    confirm: async (question) => {
      const lines = createInterface({ input, output });
      lines.once('SIGINT', () => process.exit(128 + constants.signals.SIGINT));
      // Ctrl-D leaves the question without an answer.
      const closed = new Promise<string>((resolve) => void lines.once('close', () => resolve('')));
      const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
      lines.close();
      return /^y(es)?$/i.test(answer.trim());
    },
  };
}
