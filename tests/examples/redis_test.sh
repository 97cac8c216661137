#!/usr/bin/env bash
# redis_test.sh <two_processes>
# What examples/03_redis.cpp shows, and that nothing of it stays behind, however it ends.
set -euo pipefail

example=$(realpath -- "$1")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
mkdir tmp
export TMPDIR=$folder/tmp LC_ALL=C

section() { printf -- '- %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  for file in out err; do
    [ ! -s "$file" ] || { printf -- '--- %s\n' "$file" >&2; head -c 3000 "$file" >&2; }
  done
  exit 1
}

# Nobody waits for what should have happened longer than this.
eventually() {
  local until=$((SECONDS + 60))
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.02
  done
}

# processes <session>: those of it that run. (What has ended may wait for an init that never asks.)
processes() {
  local stat line pid state session rest
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    pid=${line%% *}
    read -r state _ _ session rest <<<"${line##*) }"
    if [ "$session" = "$1" ] && [ "$state" != Z ] && [ "$state" != X ]; then echo "$pid"; fi
  done
}
all_ended() { [ -z "$(processes "$1")" ]; }
nothing_left() { all_ended "$1" && [ -z "$(ls -A tmp)" ]; }
said() { grep -qF -e "$1" out; }
said_or_ended() { said "$1" || ! kill -0 "$pid" 2>/dev/null; }

# Starts it in a session of its own, which its processes stay in. A script's background commands ignore SIGINT.
start() {
  : >out
  setsid env --default-signal=INT,QUIT "$example" >out 2>err &
  pid=$!
}

# ---- what it shows -----------------------------------------------------------------------------------------
section 'without a server it says so and is well'
if ! PATH=$folder "$example" >out 2>err; then fail 'it does not skip'; fi
[ "$(grep -c '' out)" -eq 1 ] || fail 'it says more than a line'
said 'skipped: ' || fail 'it does not say that it skips'
[ -z "$(ls -A tmp)" ] || fail 'it leaves something behind'

if ! command -v redis-server >/dev/null && ! command -v valkey-server >/dev/null; then
  echo 'SKIPPED: neither redis-server nor valkey-server is there, so the rest is NOT tested'
  exit 77
fi

section 'both processes together admit the limit: shared, each its half, and shared again'
start
wait "$pid" || fail "it ended with $?"
nothing_left "$pid" || fail "it leaves behind: $(ls -A tmp) $(processes "$pid")"
[ ! -s err ] || fail 'it complains'
sed -n 's/^   process [AB]  *\([0-9]*\) of 100 permitted; decided by redis *\([0-9]*\), by fallback *\([0-9]*\)$/\1 \2 \3/p' out >lines
[ "$(grep -c '' lines)" -eq 6 ] || fail 'not six lines of processes'
[ "$(grep -c '^   together   100 of 200 permitted$' out)" -eq 3 ] || fail 'not three times the limit'
# sum <first line> <column>
sum() { awk -v first="$1" -v column="$2" 'NR == first || NR == first + 1 { sum += $column } END { print sum }' lines; }
for part in 1 3 5; do
  [ "$(sum "$part" 1)" -eq 100 ] || fail "lines $part and $((part + 1)) do not sum up to 100"
done
[ "$(sum 1 2) $(sum 1 3) $(sum 5 2) $(sum 5 3)" = '200 0 200 0' ] || fail 'Redis does not decide while it is there'
[ "$(sed -n '3,4p' lines)" = $'50 0 100\n50 0 100' ] || fail 'each share is not a half'

# ---- how it ends -------------------------------------------------------------------------------------------
# Once a line is there all of it is there: two processes and, but for a moment in the middle, a server.
first='100 a day'
second='1. Alice'
third='2. Redis is killed'
fourth='3. Redis is started'

# end_by <signal> <line> <alone or group>: kills it at that moment. Fails if it has ended by itself before.
end_by() {
  local signal=$1 line=$2 whom=$pid status=0
  [ "$3" = alone ] || whom=-$pid
  eventually said_or_ended "$line" || fail "it does not come to: $line"
  kill -s "$signal" -- "$whom" 2>/dev/null || true
  wait "$pid" 2>/dev/null || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq $((128 + $(kill -l "$signal"))) ] ||
    fail "SIG$signal at '$line': it ended with $status"
  eventually nothing_left "$pid" || fail "SIG$signal at '$line' leaves: $(ls -A tmp) $(processes "$pid")"
  [ "$status" -ne 0 ]
}
# A machine that is busy may see the line when all is over: then once more.
ends_by() {
  for _ in {1..20}; do
    start
    if end_by "$@"; then return; fi
  done
  fail "it is never there to be killed at: $2"
}
for signal in INT TERM KILL; do
  section "SIG$signal leaves no process and no folder"
  for line in "$first" "$second" "$third" "$fourth"; do ends_by "$signal" "$line" alone; done
done

section 'so does Ctrl-C, which every process of it gets'
for line in "$first" "$second" "$third" "$fourth"; do ends_by INT "$line" group; done

section 'SIGINT and SIGTERM leave nothing at any moment of the first 40 ms, SIGKILL at most an empty folder'
# Before that it is a shell that is about to become it.
is_itself() { [ "$(readlink "/proc/$pid/exe")" = "$example" ]; }
for signal in INT TERM KILL; do
  for delay in 0 0.001 0.002 0.004 0.007 0.01 0.02 0.03 0.04; do
    start
    eventually is_itself || fail 'it does not start'
    sleep "$delay"
    kill -s "$signal" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    eventually all_ended "$pid" || fail "SIG$signal after $delay s leaves: $(processes "$pid")"
    if [ "$signal" = KILL ]; then find tmp -mindepth 1 -maxdepth 1 -type d -empty -delete; fi
    [ -z "$(ls -A tmp)" ] || fail "SIG$signal after $delay s leaves: $(ls -A tmp)"
  done
done
