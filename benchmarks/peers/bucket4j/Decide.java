// The workloads of benchmarks/peers/run on Bucket4j, used as its guide says: one local bucket a key in a
// ConcurrentHashMap, with the default clock and the default, lock-free, synchronization.
//
//   Decide WORKLOAD KEYS THREADS SECONDS

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

public final class Decide {
  private static final int BLOCK = 4096; // decisions between two looks at the time
  private static final double WARM_UP_SECONDS = 3; // what the compiler gets, untimed, on the same work

  private static final class KeyedLimiter {
    private final Bandwidth limit;
    private final ConcurrentHashMap<String, Bucket> buckets = new ConcurrentHashMap<>();

    KeyedLimiter(Bandwidth limit) {
      this.limit = limit;
    }

    // computeIfAbsent alone would do, but it can take a lock even where the key is there.
    boolean tryConsume(String key) {
      Bucket bucket = buckets.get(key);
      if (bucket == null) {
        bucket = buckets.computeIfAbsent(key, absent -> Bucket.builder().addLimit(limit).build());
      }
      return bucket.tryConsume(1);
    }
  }

  private static final class Tally {
    long permitted, refused;

    void count(boolean wasPermitted) {
      if (wasPermitted) {
        permitted++;
      } else {
        refused++;
      }
    }
  }

  private static String keyOf(int number) {
    return String.format("user:%015d", number);
  }

  // Goes over the keys in an order that no prefetcher guesses; all peers go the same way.
  private static final class Walk {
    private long state;
    private final long keys;

    Walk(long seed, int keys) {
      this.state = seed;
      this.keys = keys;
    }

    int next() {
      state = state * 6364136223846793005L + 1442695040888963407L;
      return (int) ((state >>> 32) * keys >>> 32);
    }
  }

  // A method of its own, so that the compiler has done with it before the one that counts.
  private static void decideBlock(KeyedLimiter limiter, String[] keys, Walk walk, Tally tally) {
    for (int i = 0; i < BLOCK; i++) {
      tally.count(limiter.tryConsume(keys[walk.next()]));
    }
  }

  private static Tally decideUntil(KeyedLimiter limiter, String[] keys, Walk walk, double seconds) {
    final long start = System.nanoTime();
    final long length = (long) (seconds * 1e9);
    final Tally tally = new Tally();
    do {
      decideBlock(limiter, keys, walk, tally);
    } while (System.nanoTime() - start < length);
    return tally;
  }

  // The line to print.
  private static String timeThreads(KeyedLimiter limiter, String[] keys, int threadCount, double seconds)
      throws Exception {
    final CountDownLatch ready = new CountDownLatch(1);
    final List<FutureTask<Tally>> tasks = new ArrayList<>();
    for (int t = 0; t < threadCount; t++) {
      final int seed = t;
      final Callable<Tally> work = () -> {
        ready.await();
        return decideUntil(limiter, keys, new Walk(seed, keys.length), seconds);
      };
      final FutureTask<Tally> task = new FutureTask<>(work);
      tasks.add(task);
      new Thread(task).start();
    }
    final long start = System.nanoTime();
    ready.countDown();
    final Tally sum = new Tally();
    for (FutureTask<Tally> task : tasks) {
      sum.permitted += task.get().permitted;
      sum.refused += task.get().refused;
    }
    final double wall = System.nanoTime() - start;
    return line(wall * threadCount / (sum.permitted + sum.refused), sum);
  }

  private static String timeDecisions(KeyedLimiter limiter, int keyCount, int threadCount, double seconds)
      throws Exception {
    final String[] keys = new String[keyCount];
    for (int i = 0; i < keyCount; i++) {
      keys[i] = keyOf(i);
    }
    for (String key : keys) {
      limiter.tryConsume(key);
    }
    timeThreads(limiter, keys, threadCount, WARM_UP_SECONDS);
    return timeThreads(limiter, keys, threadCount, seconds);
  }

  // Not VmRSS as elsewhere: how much of its heap the machine keeps resident is the collector's choice.
  private static long usedHeap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  // No array of keys here: what is used is the limiter's. A second round shows that it remembers every key.
  private static String weighKeys(KeyedLimiter limiter, int keyCount) {
    final long empty = usedHeap();
    final Tally tally = new Tally();
    for (int i = 0; i < keyCount; i++) {
      tally.count(limiter.tryConsume(keyOf(i)));
    }
    final long full = usedHeap();
    for (int i = 0; i < keyCount; i++) {
      tally.count(limiter.tryConsume(keyOf(i)));
    }
    return line((double) (full - empty) / keyCount, tally);
  }

  private static String line(double value, Tally tally) {
    return String.format(Locale.ROOT, "%.2f %d %d", value, tally.permitted, tally.refused);
  }

  private static Bandwidth limitOf(String workload) {
    switch (workload) {
      case "hot_admitted":
      case "many_keys":
        return Bandwidth.builder().capacity(1_000_000).refillGreedy(1_000_000, Duration.ofSeconds(1)).build();
      case "hot_refused":
      case "memory":
        return Bandwidth.builder().capacity(1).refillGreedy(1, Duration.ofDays(1)).build();
      default:
        System.err.println("Decide: no workload is called '" + workload + "'");
        System.exit(2);
        return null;
    }
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 4) {
      System.err.println("usage: Decide WORKLOAD KEYS THREADS SECONDS");
      System.exit(2);
    }
    final String workload = arguments[0];
    final int keys = Integer.parseInt(arguments[1]);
    final int threads = Integer.parseInt(arguments[2]);
    final double seconds = Double.parseDouble(arguments[3]);

    final KeyedLimiter limiter = new KeyedLimiter(limitOf(workload));
    System.out.println(
        workload.equals("memory") ? weighKeys(limiter, keys) : timeDecisions(limiter, keys, threads, seconds));
  }
}
