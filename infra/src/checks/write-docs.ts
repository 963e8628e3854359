import { repositoryRoot } from '../repository.ts';
import { writeDocs } from './generated-docs.ts';

// `pnpm docs:write`: prints the documents that come from code.
await writeDocs(repositoryRoot);
