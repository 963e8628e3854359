import { readArguments, runCommand } from '@sallyport/service';
import { explainAnswer } from './explain-answer.ts';
import { helpText, readCommandLine } from './read-command-line.ts';
import { runAgainstAuthority } from './run-against-authority.ts';
import { show } from './show.ts';

// `pnpm sallyport`: what the people do who run the house, over the same procedures that anything else would call.
await runCommand({
  name: 'sallyport',
  explain: explainAnswer,
  run: async () => {
    const line = readArguments(() => readCommandLine(process.argv.slice(2)));
    if (line === 'help') return helpText();
    const answer = await runAgainstAuthority(line);
    return line.json ? JSON.stringify(answer) : show(answer);
  },
});
