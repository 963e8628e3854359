import { exampleService } from './example-service.ts';
import { createLog, readEnvironment, serviceSettings, startService } from './index.ts';

// A whole process, for the tests that need one.
await startService('example', async () => {
  const settings = readEnvironment(serviceSettings(0));
  const service = await exampleService({
    port: settings.PORT,
    host: settings.HOST,
    log: createLog('example', settings.LOG_LEVEL),
    routes: [
      {
        method: 'GET',
        path: '/entered',
        handle: async () => {
          await service.waiting.entered.promise;
          return { status: 200 };
        },
      },
      {
        method: 'GET',
        path: '/crash',
        handle: async () => {
          setImmediate(() => {
            throw new Error(`lost eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln\nat postgres://admin:hunter2@db/x`);
          });
          return { status: 200 };
        },
      },
    ],
  });
  return service;
});
