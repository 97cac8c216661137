# What benchmarks/plot draws: from `results`/*.summary.csv to `out`/*.svg, both of which it sets.

set datafile separator ","
set datafile missing ""
set encoding utf8
set grid lc rgb "#dddddd" lw 1
set border 3 lc rgb "#555555"
set tics nomirror
set mxtics 1
set mytics 1
set style data linespoints

# A colour and a mark a subject, the same in all pictures.
set linetype 1 lc rgb "#0072b2" lw 2 pt 7 ps 0.5                # Penstock
set linetype 2 lc rgb "#0072b2" lw 2 pt 6 ps 0.5 dt (6,4)       # Penstock, in batches
set linetype 3 lc rgb "#d55e00" lw 1.5 pt 5 ps 0.5              # a mutex, or a loop on hiredis
set linetype 4 lc rgb "#009e73" lw 1.5 pt 9 ps 0.6              # shards, or redis-benchmark
set linetype 5 lc rgb "#cc79a7" lw 1.5 pt 11 ps 0.6             # oneTBB
set linetype 6 lc rgb "#777777" lw 1.5 pt 1 ps 0.4              # the floor
set linetype 7 lc rgb "#777777" lw 1.5 pt 2 ps 0.4 dt (6,4)     # the floor of a batch

rows(question, situation, subject) = sprintf("< awk -F, '$1 == \"%s\" && $4 == \"%s\"' %s/%s.summary.csv", \
  situation, subject, results, question)

# ---- what keys cost ----
set terminal svg size 860,520 font "sans-serif,13" background "white" noenhanced
set logscale x 10
set xtics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 M" 1e6, "10 M" 1e7, "50 M" 5e7)
set xrange [800:6.5e7]
set xlabel "live keys, asked for in random order"
set key outside right center Left reverse samplen 2 spacing 1.3

set output out."/keys.svg"
set title "Cost of a decision, one thread, pages of 4 KiB"
set logscale y 10
set ylabel "ns a decision (bars: least to greatest)"
plot rows("scale", "fenced/4K_pages", "mutex_unordered_map") using 2:5:6:7 with yerrorlines lt 3 title "mutex + unordered_map", \
  rows("scale", "fenced/4K_pages", "tbb_concurrent_hash_map") using 2:5:6:7 with yerrorlines lt 5 title "TBB concurrent_hash_map", \
  rows("scale", "fenced/4K_pages", "sharded_flat_hash_map") using 2:5:6:7 with yerrorlines lt 4 title "64 x mutex + flat_hash_map", \
  rows("scale", "fenced/4K_pages", "penstock") using 2:5:6:7 with yerrorlines lt 1 title "Penstock, one by one", \
  rows("scale", "fenced/4K_pages", "floor") using 2:5:6:7 with yerrorlines lt 6 title "floor: a dependent load", \
  rows("scale", "batch/4K_pages", "penstock") using 2:5:6:7 with yerrorlines lt 2 title "Penstock, 64 at once", \
  rows("scale", "batch/4K_pages", "floor") using 2:5:6:7 with yerrorlines lt 7 title "floor: 64 lines at once"

set output out."/memory.svg"
set title "Memory of a live key"
unset logscale y
set yrange [0:*]
set ylabel "bytes a key, resident"
plot rows("scale", "memory/4K_pages", "mutex_unordered_map") using 2:5 lt 3 title "mutex + unordered_map", \
  rows("scale", "memory/4K_pages", "tbb_concurrent_hash_map") using 2:5 lt 5 title "TBB concurrent_hash_map", \
  rows("scale", "memory/4K_pages", "sharded_flat_hash_map") using 2:5 lt 4 title "64 x mutex + flat_hash_map", \
  rows("scale", "memory/4K_pages", "penstock") using 2:5 lt 1 title "Penstock"

# ---- what threads cost each other ----
set terminal svg size 860,640 font "sans-serif,12" background "white" noenhanced
set output out."/threads.svg"
unset title
unset key
set logscale x 2
set xtics autofreq 2
set xrange [0.9:*]
set logscale y 10
set yrange [1:*]
array situations[4] = ["hot_admitted", "hot_refused", "private_keys", "zipf"]
array titles[4] = ["one key, admitted", "one key, refused", "each thread has keys of its own", "100,000 keys, Zipf 0.99"]
set multiplot layout 2,2 margins screen 0.1, 0.98, 0.2, 0.94 spacing screen 0.08, 0.12
do for [number = 1:4] {
  situation = situations[number]
  set title titles[number]
  set xlabel number > 2 ? "threads" : ""
  set ylabel number % 2 == 1 ? "million decisions a second,\nall threads together" : ""
  if (number == 4) { set key at screen 0.54,0.01 center bottom maxrows 2 Left reverse samplen 2 }
  plot rows("contend", situation, "floor") using 2:(1e3*$2/$5) lt 6 title "floor: the word alone", \
    rows("contend", situation, "penstock_batch") using 2:(1e3*$2/$5) lt 2 title "Penstock, 64 at once", \
    rows("contend", situation, "penstock") using 2:(1e3*$2/$5) lt 1 title "Penstock, one by one", \
    rows("contend", situation, "sharded_flat_hash_map") using 2:(1e3*$2/$5) lt 4 title "64 x mutex + flat_hash_map", \
    rows("contend", situation, "tbb_concurrent_hash_map") using 2:(1e3*$2/$5) lt 5 title "TBB concurrent_hash_map", \
    rows("contend", situation, "mutex_unordered_map") using 2:(1e3*$2/$5) lt 3 title "mutex + unordered_map"
}
unset multiplot

# ---- what Redis costs ----
set terminal svg size 860,400 font "sans-serif,12" background "white" noenhanced
set output out."/redis.svg"
array measures[2] = ["rate/tcp", "p50/tcp"]
array labels[2] = ["thousand decisions a second", "what a caller waits, median, us"]
unset title
set xlabel "callers"
set yrange [*:*]
set multiplot layout 1,2 margins screen 0.1, 0.98, 0.36, 0.96 spacing screen 0.12, 0.1
do for [number = 1:2] {
  measure = measures[number]
  set ylabel labels[number]
  if (number == 2) { set key at screen 0.5,0.02 center bottom maxrows 4 Left reverse samplen 2 } else { unset key }
  plot rows("redis", measure, "penstock") using 2:5:6:7 with yerrorlines lt 1 title "Penstock, threads", \
    rows("redis", measure, "penstock_async") using 2:5:6:7 with yerrorlines lt 2 title "Penstock, callbacks", \
    rows("redis", measure, "penstock_single") using 2:5:6:7 with yerrorlines lt 5 title "Penstock, threads, a key a call", \
    rows("redis", measure, "benchmark_script") using 2:5:6:7 with yerrorlines lt 4 title "redis-benchmark, same script, pipelined", \
    rows("redis", measure, "hiredis_loop") using 2:5:6:7 with yerrorlines lt 3 title "hiredis, a connection a thread", \
    rows("redis", measure, "hiredis_ping") using 2:5:6:7 with yerrorlines lt 6 title "PING, a connection a thread"
}
unset multiplot
