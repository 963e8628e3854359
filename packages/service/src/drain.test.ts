import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { readTrace } from '@sallyport/auth';
import { assert, constantFrom, property, shuffledSubarray } from 'fast-check';
import { expect, test } from 'vitest';
import { openExchanges } from './drain.ts';
import { openExchange, type Exchange } from './http-exchange.ts';

const connections = [new Socket(), new Socket()] as const;
const places = [0, 1, 2, 3, 4, 5];

function begin(socket: Socket): Exchange {
  const request = new IncomingMessage(socket);
  return openExchange(request, new ServerResponse(request), { publicUrlOf: () => '', readTrace });
}

test('in whatever order requests end, those under way are known, and no other', () => {
  assert(
    property(shuffledSubarray(places), constantFrom(0, 1), (ended, connection) => {
      const exchanges = openExchanges();
      const begun = places.map((place) => begin(connections[place % 2 === 0 ? 0 : 1]));
      for (const exchange of begun) exchanges.add(exchange);
      for (const place of ended) exchanges.remove(begun[place] ?? begin(connections[0]));

      const left = places.filter((place) => !ended.includes(place));
      const here = exchanges.on(connections[connection]).map((exchange) => begun.indexOf(exchange));
      expect(here.toSorted((one, other) => one - other)).toEqual(left.filter((place) => place % 2 === connection));
      exchanges.abortAll();
      expect(places.filter((place) => begun[place]?.abort.signal.aborted)).toEqual(left);
    }),
  );
});
