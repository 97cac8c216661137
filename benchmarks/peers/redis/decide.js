// The workloads of benchmarks/peers/redis/run on rate-limiter-flexible over ioredis.
//
//   decide.js SOCKET PLAIN_OR_PIPELINED WORKLOAD CALLERS SECONDS
//
// `pipelined` is ioredis' enableAutoPipelining, which is off by default.
const { Redis } = require('ioredis');
const { RateLimiterRedis, RateLimiterRes } = require('rate-limiter-flexible');

const [socket, mode, workload, callers, seconds] = process.argv.slice(2);
const { keys, points } = {
  admitted: { keys: 1000, points: 1e9 },
  refused: { keys: 1000, points: 1 },
  exact: { keys: 100, points: 10 },
}[workload];
const least = workload === 'exact' ? keys * Math.ceil(points / callers) : 1; // decisions of a caller
const duration = 30 * 24 * 3600;
const client = new Redis({ path: socket, enableAutoPipelining: mode === 'pipelined' });
const limiter = new RateLimiterRedis({ storeClient: client, points, duration });

const names = Array.from({ length: keys }, (_, number) => `user:${String(number).padStart(15, '0')}`);

async function isPermitted(key) {
  try {
    await limiter.consume(key);
    return true;
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return false;
    throw refusal;
  }
}

async function main() {
  if (workload !== 'exact') {
    for (const name of names) await isPermitted(name);
  }
  const waits = [];
  let permitted = 0;
  const start = performance.now();
  const end = start + 1000 * seconds;
  const caller = async (number) => {
    let asked = performance.now();
    for (let left = least; left > 0 || asked < end; --left) {
      number = (number + 389) % keys; // comes by all of them
      if (await isPermitted(names[number])) ++permitted;
      const now = performance.now();
      waits.push(1000 * (now - asked));
      asked = now;
    }
  };
  await Promise.all(Array.from({ length: Number(callers) }, (_, number) => caller(number)));
  const elapsed = (performance.now() - start) / 1000;
  waits.sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)];
  console.log((waits.length / elapsed / 1000).toFixed(2), median.toFixed(1), permitted, waits.length - permitted);
  client.disconnect();
}

main();
