// Turns in a coding agent pass the runtime contract, over a real child process.
import { runtimeContract } from '../contracts/runtime.ts';
import { AcpWorld } from './world.ts';

runtimeContract('a coding agent', async () => {
  const world = new AcpWorld();
  return {
    runtime: world.runtime,
    model: 'twin',
    toSay: (text) => `say ${text}`,
    toHang: () => 'hang',
    toFail: () => 'fail the model is down',
    reached: () => world.received('prompt'),
    close: async () => {
      await world.close();
    },
  };
});
