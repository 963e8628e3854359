// The authority, which collects its garbage twice a second (Node is started with `--expose-gc`): what memory it then has is what it needs,
// and not what V8 has not got round to.

await import('../main.ts');

setInterval(() => globalThis.gc?.(), 500).unref();
