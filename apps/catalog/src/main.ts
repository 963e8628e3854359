import { startService } from '@sallyport/service';
import { openCatalogParts } from './catalog-parts.ts';
import { serveCatalog } from './serve-catalog.ts';

await startService('catalog', async () => serveCatalog(await openCatalogParts()));
