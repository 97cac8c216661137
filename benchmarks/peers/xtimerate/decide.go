// The workloads of benchmarks/peers/run on golang.org/x/time/rate. The package limits one thing; one limiter a key in
// a sync.Map is how it is made to limit many.
//
//	decide WORKLOAD KEYS THREADS SECONDS
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const block = 4096 // decisions between two looks at the time

type keyedLimiter struct {
	limit    rate.Limit
	burst    int
	limiters sync.Map // from string to *rate.Limiter
}

func (k *keyedLimiter) allow(key string) bool {
	limiter, found := k.limiters.Load(key)
	if !found {
		limiter, _ = k.limiters.LoadOrStore(key, rate.NewLimiter(k.limit, k.burst))
	}
	return limiter.(*rate.Limiter).Allow()
}

type tally struct{ permitted, refused int64 }

func (t *tally) count(permitted bool) {
	if permitted {
		t.permitted++
	} else {
		t.refused++
	}
}

func keyOf(number int) string { return fmt.Sprintf("user:%015d", number) }

// Goes over the keys in an order that no prefetcher guesses; all peers go the same way.
type walk struct{ state, keys uint64 }

func (w *walk) next() int {
	w.state = w.state*6364136223846793005 + 1442695040888963407
	return int((w.state >> 32) * w.keys >> 32)
}

func decideUntil(limiter *keyedLimiter, keys []string, w walk, length time.Duration) tally {
	end := time.Now().Add(length)
	var t tally
	for {
		for i := 0; i < block; i++ {
			t.count(limiter.allow(keys[w.next()]))
		}
		if !time.Now().Before(end) {
			return t
		}
	}
}

func timeDecisions(limiter *keyedLimiter, keyCount, threadCount int, length time.Duration) {
	keys := make([]string, keyCount)
	for i := range keys {
		keys[i] = keyOf(i)
	}
	for _, key := range keys {
		limiter.allow(key)
	}

	tallies := make([]tally, threadCount)
	ready := make(chan struct{})
	var threads sync.WaitGroup
	for t := range tallies {
		threads.Add(1)
		go func() {
			defer threads.Done()
			<-ready
			tallies[t] = decideUntil(limiter, keys, walk{uint64(t), uint64(len(keys))}, length)
		}()
	}
	start := time.Now()
	close(ready)
	threads.Wait()
	wall := float64(time.Since(start).Nanoseconds())

	var sum tally
	for _, t := range tallies {
		sum.permitted += t.permitted
		sum.refused += t.refused
	}
	decisions := float64(sum.permitted + sum.refused)
	fmt.Printf("%.2f %d %d\n", wall*float64(threadCount)/decisions, sum.permitted, sum.refused)
}

// Collects first: how much garbage lies around is the collector's choice, not what the keys need.
func residentBytes() int64 {
	debug.FreeOSMemory()
	status, err := os.Open("/proc/self/status")
	check(err)
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		var kib int64
		if _, err := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kib); err == nil {
			return kib * 1024
		}
	}
	panic("no VmRSS in /proc/self/status")
}

// No array of keys here: what is resident is the limiter's. A second round shows that it remembers every key.
func weighKeys(limiter *keyedLimiter, empty int64, keyCount int) {
	var t tally
	for i := 0; i < keyCount; i++ {
		t.count(limiter.allow(keyOf(i)))
	}
	full := residentBytes()
	for i := 0; i < keyCount; i++ {
		t.count(limiter.allow(keyOf(i)))
	}
	fmt.Printf("%.2f %d %d\n", float64(full-empty)/float64(keyCount), t.permitted, t.refused)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: decide WORKLOAD KEYS THREADS SECONDS")
		os.Exit(2)
	}
	workload := os.Args[1]
	keys, err := strconv.Atoi(os.Args[2])
	check(err)
	threads, err := strconv.Atoi(os.Args[3])
	check(err)
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	check(err)

	limiter := &keyedLimiter{}
	switch workload {
	case "hot_admitted", "many_keys":
		limiter.limit, limiter.burst = 1_000_000, 1_000_000
	case "hot_refused", "memory":
		limiter.limit, limiter.burst = rate.Every(24*time.Hour), 1
	default:
		fmt.Fprintf(os.Stderr, "decide: no workload is called '%s'\n", workload)
		os.Exit(2)
	}

	if workload == "memory" {
		weighKeys(limiter, residentBytes(), keys)
	} else {
		timeDecisions(limiter, keys, threads, time.Duration(seconds*float64(time.Second)))
	}
}
