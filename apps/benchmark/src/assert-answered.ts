import { OperatorError } from '@sallyport/infra/operator-error';
import type { Load } from './load-generator.ts';

/** Sends each request once, before anything is measured. @throws OperatorError that says what a wrong answer was */
export async function assertAnswered({
  url,
  requests,
  containing = '',
}: Pick<Load, 'url' | 'requests' | 'containing'>): Promise<void> {
  for (const { method = 'GET', path, headers = {}, body = '' } of requests) {
    const response = await fetch(`${url}${path}`, { method, headers, ...(method === 'POST' && { body }) });
    const text = await response.text();
    if (response.status !== 200 || !text.includes(containing))
      throw new OperatorError(`${url}${path} answers ${response.status} ${text.slice(0, 500)}`);
  }
}
