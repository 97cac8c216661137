#!/usr/bin/env bash
# replay_test.sh <replay> <traffic>
# What examples/02_replay answers, on logs small enough to work out by hand.
set -euo pipefail

replay=$(realpath -- "$1")
traffic=$(realpath -- "$2")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
export LC_ALL=C

section() { printf -- '- %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  for file in out err; do
    [ ! -s "$file" ] || { printf -- '--- %s\n' "$file" >&2; head -c 3000 "$file" >&2; }
  done
  exit 1
}

# run <status> <arguments>: leaves what it said in the files out and err.
run() {
  local expected=$1 status=0
  shift
  "$replay" "$@" >out 2>err </dev/null || status=$?
  [ "$status" -eq "$expected" ] || fail "replay $* ended with $status, not $expected"
}
has() { grep -qF -e "$2" "$1" || fail "$1 does not hold: $2"; }
has_not() { ! grep -qF -e "$2" "$1" || fail "$1 holds: $2"; }

# json <expected part of the object> <arguments>
json() {
  local expected=$1
  shift
  run 0 --json "$@"
  has out "$expected"
}
is_json() {
  command -v python3 >/dev/null || { echo '  NOT checked with python3, which is missing'; return 0; }
  python3 -c 'import json, sys; [json.loads(line) for line in open("out", encoding="utf-8", errors="strict")]' ||
    fail 'not JSON lines'
}

# line <client> <user> <time> <request> [<agent>]
line() { printf '%s - %s [%s] "%s" 200 512 "-" "%s"\n' "$1" "$2" "$3" "$4" "${5:-curl/8}"; }
# at <second after noon>
at() { printf '17/May/2015:12:%02d:%02d +0000' $(($1 / 60)) $(($1 % 60)); }

# ---- the trace -------------------------------------------------------------------------------------------
# One client, 2 a minute. A permit is worth 30 seconds to the token bucket; windows begin at 0, 60, 120, 180.
#
#   second   50 55 58 60 61 62 90 110 115 121 122 123 140 170 175 178 180 200   permitted
#   token     x  x              x   x                   x   x               x   7
#   fixed     x  x     x  x                 x   x                       x   x   8
#   sliding   x  x              x           x                           x       5
#   log       x  x                  x   x                   x   x               6
#
# The boundaries are in it: at 110 the bucket has just refilled and the log just forgets 50; at 90 and 180 what is
# left of the last window just fits. A second client comes once, so every limit permits it.
section 'each algorithm on a trace worked out by hand'
for second in 50 55 58 60 61 62 90 110 115 121 122 123 140 170 175 178 180 200; do
  line 192.0.2.1 - "$(at $second)" 'GET /a?x=1 HTTP/1.1'
done >sorted.log
line 2001:db8::1 ann "$(at 200)" 'POST /b HTTP/1.1' >>sorted.log
counts() { printf '"requests":19,"permitted":%d,"denied":%d,"keys":2,"keys_denied":1,"malformed":0' "$1" $((19 - $1)); }
json "$(counts 8)" --limit '2/minute burst=2' sorted.log
json '"first":"2015-05-17T12:00:50Z","last":"2015-05-17T12:03:20Z"' --limit '2/minute burst=2' sorted.log
has out '"top":[{"key":"192.0.2.1","requests":18,"denied":11}]'
json "$(counts 9)" --limit '2/minute algo=fixed' sorted.log
json "$(counts 6)" --limit '2/minute' sorted.log
json "$(counts 7)" --limit '2/minute algo=log' sorted.log

section 'a list is one limiter: the bucket permits 50 55 90, then 3 in 3 minutes are used up until 180 200'
json "$(counts 6)" --limit '2/minute burst=2, 3/3m algo=fixed' sorted.log
has out '"limit":"2/1m burst=2, 3/3m algo=fixed"'

section 'several limits are several lines, in the order they were given'
json "$(counts 8)" --limit '2/minute burst=2' --limit '2/minute' sorted.log
[ "$(wc -l <out)" -eq 2 ] || fail 'not two lines'
tail -n 1 out | grep -qF "$(counts 6)" || fail 'the second limit is not second'
[ ! -s err ] || fail 'something on standard error'

section 'records are replayed in order of their time, and those out of order are counted'
json '"out_of_order":0' --limit '2/minute burst=2' sorted.log
tac sorted.log >reversed.log
json "$(counts 8)" --limit '2/minute burst=2' reversed.log
has out '"out_of_order":17'
json "$(counts 9)" --limit '2/minute algo=fixed' reversed.log
{ sed -n '10,$p' sorted.log >late.log; sed -n '1,9p' sorted.log >early.log; }
json "$(counts 7)" --limit '2/minute algo=log' late.log early.log
has out '"out_of_order":9'

section 'standard input, without a name and as "-"'
"$replay" --json --limit '2/minute burst=2' <sorted.log >out 2>err || fail 'replay of standard input'
has out "$(counts 8)"
"$replay" --json --limit '2/minute burst=2' - <sorted.log >out 2>err || fail 'replay of -'
has out "$(counts 8)"

section 'gzip, of one member and of two, from a file of any name and from standard input'
if "$replay" --json <(gzip -c sorted.log) >out 2>err; then
  gzip -c sorted.log >packed
  { gzip -c early.log; gzip -c late.log; } >packed_twice
  json "$(counts 8)" --limit '2/minute burst=2' packed
  json "$(counts 8)" --limit '2/minute burst=2' packed_twice
  "$replay" --json --limit '2/minute burst=2' <packed_twice >out 2>err || fail 'gzip on standard input'
  has out "$(counts 8)"
  head -c 100 packed >torn
  run 1 torn
  has err 'replay: torn: '
else
  has err 'built without zlib'
  echo '  gzip itself is NOT tested: this replay was built without zlib'
fi

section 'CRLF, blank lines and no end of line at the end of the file'
{ sed 's/$/\r/' sorted.log; printf '\r\n\n   \n'; } | head -c -1 >crlf.log
json "$(counts 8)" --limit '2/minute burst=2' crlf.log
printf '%s' "$(cat sorted.log)" >unended.log
json "$(counts 8)" --limit '2/minute burst=2' unended.log

section 'any field can be the key'
key() { json "\"key\":\"$1\",\"requests\":19,\"permitted\":$2," --limit '1/day' --key "$1" sorted.log; has out "$3"; }
key ip 2 '"keys":2,'
key user 2 '"top":[{"key":"-","requests":18,"denied":17}]'
key method 2 '"top":[{"key":"GET",'
key path 2 '"top":[{"key":"/a",'
key url 2 '"top":[{"key":"/a?x=1",'
key status 1 '"top":[{"key":"200","requests":19,"denied":18}]'
key agent 1 '"top":[{"key":"curl/8",'
key referer 1 '"top":[{"key":"-",'
key protocol 1 '"top":[{"key":"HTTP/1.1",'
json '"top":[]' --limit '1/day' --top 0 sorted.log

# ---- reading ---------------------------------------------------------------------------------------------
section 'time zones, leap days, and what servers write in place of a request'
{
  line host.example.org - '01/Jan/2016:00:30:00 +0200' 'GET / HTTP/1.1'
  line fe80::1%eth0 'frank van dyk' '29/Feb/2016:12:00:00 -0330' '-'
  line 192.0.2.9 - '29/Feb/2000:23:59:59 +0000' '\x16\x03\x01'
  line 192.0.2.9 - '31/Dec/2016:23:59:59 +0000' 'GET /say?\"hello\" HTTP/1.1' 'a \"quoted\" agent\\'
  echo '192.0.2.9 - - [31/Dec/2016:23:59:59 +0000] "GET /common HTTP/1.0" 304 -'
  echo '192.0.2.9 - - [31/Dec/2016:23:59:59 +0000] "GET /more HTTP/1.0" 304 - "-" "agent" 0.002 "extra"'
  echo '192.0.2.9 - - [31/Dec/2016:23:59:59 +0000] "GET /torn HTTP/1.0" 304 - "-" "agent that is cut o'
  echo '192.0.2.9 - - [31/Dec/2016:23:59:59 +0000] "" 400 0 "" ""'
} >good.log
json '"requests":8,' --limit '1/day' good.log
has out '"malformed":0'
has out '"first":"2000-02-29T23:59:59Z","last":"2016-12-31T23:59:59Z"'
head -n 2 good.log >zones.log
json '"first":"2015-12-31T22:30:00Z","last":"2016-02-29T15:30:00Z"' --limit '1/day' zones.log
json '"key":"agent"' --limit '1/3000d' --key agent good.log
is_json

section 'malformed lines are counted, the first few shown with their place, and none is fatal'
{
  echo 'not a record'
  line 192.0.2.1 - '32/May/2015:12:00:00 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '29/Feb/2015:12:00:00 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '29/Feb/2100:12:00:00 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '17/Mai/2015:12:00:00 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '17/May/2015:24:00:00 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '17/May/2015:12:00:00 +2400' 'GET / HTTP/1.1'
  line 192.0.2.1 - '17/May/2015:12:00:00' 'GET / HTTP/1.1'
  line 192.0.2.1 - '17/May/2015:12:00: 0 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '31/Dec/1969:23:59:59 +0000' 'GET / HTTP/1.1'
  line 192.0.2.1 - '01/Jan/2200:00:00:00 +0000' 'GET / HTTP/1.1'
  echo '192.0.2.1 - - 17/May/2015:12:00:00 +0000 "GET / HTTP/1.1" 200 1'
  echo '192.0.2.1 - - [17/May/2015:12:00:00 +0000 "GET / HTTP/1.1" 200 1'
  echo '192.0.2.1 - - [17/May/2015:12:00:00 +0000] "GET / HTTP/1.1'
  echo '192.0.2.1 - - [17/May/2015:12:00:00 +0000] "GET / HTTP/1.1" 2000 1'
  echo '192.0.2.1 - - [17/May/2015:12:00:00 +0000] "GET / HTTP/1.1" 200 many'
  printf '192.0.2.1 - - [17/May/2015:12:00:00 +0000] "GET /\0 HTTP/1.1" 200 1\n'
  line 192.0.2.1 - "$(at 0)" "GET /$(head -c 70000 /dev/zero | tr '\0' a) HTTP/1.1"
  line 192.0.2.1 - "$(at 0)" "GET /$(head -c 700000 /dev/zero | tr '\0' a) HTTP/1.1"
} >bad.log
cat bad.log sorted.log >mixed.log
head -c 70000 /dev/zero | tr '\0' a >>mixed.log
json '"requests":19,"permitted":8,"denied":11,"keys":2,"keys_denied":1,"malformed":20' --limit '2/minute burst=2' mixed.log
has err 'mixed.log:1: '
has err "mixed.log:2: no such day: '32/May/2015'"
has err 'and 15 more malformed lines'
[ "$(wc -l <err)" -eq 6 ] || fail 'more than the first few are shown'

section 'no record at all'
: >empty.log
json '"requests":0,"permitted":0,"denied":0,"keys":0,"keys_denied":0,"malformed":0,"out_of_order":0,"first":null,"last":null,"top":[]' \
  --limit '2/minute' empty.log
is_json
run 0 --html empty.html empty.log
has out '0 requests'

# ---- words -----------------------------------------------------------------------------------------------
section 'the report for people'
run 0 --limit '2/minute burst=2' --limit '2/minute algo=log' sorted.log
has out '19 requests, 2 clients'
has out '17 May 2015 12:00:50 to 17 May 2015 12:03:20 UTC (2 minutes 30 seconds)'
has out '8 permitted, 11 denied (57.9 %)'
has out '  1 of 2 clients was denied at least once'
has out 'A column is 1 minute'
has out '2/1m algo=log'
[ "$(LC_ALL=C.UTF-8 wc -L <out)" -le 80 ] || fail 'a line is too wide'
run 0 sorted.log
has out 'No --limit was given'
has out '60/1m burst=60'

section 'nothing that a key holds reaches the terminal, the JSON or the page as more than text'
line $'192.0.2.1\e[31m' - "$(at 0)" 'GET / HTTP/1.1' $'\e]0;title\a <script>alert(\\"1\\")</script> & \xff \xe2\x80\xae caf\xc3\xa9' >evil.log
cat evil.log evil.log >>evil2.log
run 0 --limit '1/day' --key agent --html evil.html evil2.log
has_not out $'\e'
has_not out $'\a'
has_not out $'\xe2\x80\xae'
has_not out $'\xff'
has out '\x1B]0;title\x07'
has_not evil.html '<script'
has_not evil.html $'\e'
has evil.html '&lt;script&gt;alert(\&quot;1\&quot;)&lt;/script&gt; &amp; \xFF'
has evil.html $'caf\xc3\xa9'
run 0 --limit '1/day' --key agent --json evil2.log
has_not out $'\e'
has out '\u001B]0;title'
has out $'\xef\xbf\xbd'
is_json
printf '\e[2J not a record\n' >evil3.log
run 0 --json $'evil3.log'
has_not err $'\e'
run 1 $'\e[2J.log'
has_not err $'\e'

section 'the page stands alone and is well formed'
run 0 --limit '2/minute burst=2' --limit '5000/hour' --html page.html sorted.log
[ ! -e page.html.part ] || fail 'a part is left'
for algorithm in 'token bucket' 'fixed window' 'sliding window' 'sliding log'; do has page.html "$algorithm"; done
has page.html '<svg'
has page.html '</html>'
has page.html 'prefers-color-scheme: dark'
has_not page.html '<script'
! grep -qiE '(https?:)?//|src=|href=|url\(|@import' page.html || fail 'page.html refers to something outside'
for page in page.html evil.html empty.html; do
  command -v python3 >/dev/null || { echo '  NOT checked with python3, which is missing'; break; }
  python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$page" || fail "$page is not well formed"
done

section 'a page that cannot be written leaves what was there'
run 1 --html nowhere/page.html sorted.log
has err 'replay: nowhere/page.html: No such file or directory'
run 1 --html . sorted.log
has err 'not a regular file'

section 'a wrong command line ends with 2 and names the option and the value'
usage() { local message=$1; shift; run 2 "$@"; has err "$message"; [ ! -s out ] || fail 'something on standard output'; }
usage 'replay: --limit: limit "10/parsec", column 4' --limit 10/parsec
usage "replay: --key 'colour': not one of ip, host, user" --key colour
usage "replay: --top 'many': not a number" --top many
usage "replay: --max-keys '0': not a number from 1" --max-keys 0
usage "replay: --html '-'" --html -
usage 'replay: --limit: a value is missing' sorted.log --limit
usage 'replay: --limits: there is no such option' --limits 1/s
usage 'replay: --json=1: this option takes no value' --json=1
usage 'replay: -j: there is no such option' -j
run 0 --help
has out 'usage: replay'

section 'a file that cannot be read ends with 1 and is named, with the reason'
run 1 sorted.log missing.log
has err 'replay: missing.log: No such file or directory'
[ ! -s out ] || fail 'something on standard output'
run 1 .
has err 'replay: .: Is a directory'
if [ -w /dev/full ]; then
  status=0
  "$replay" sorted.log >/dev/full 2>err || status=$?
  [ "$status" -eq 1 ] || fail 'a full disk goes unnoticed'
fi

section 'traffic is the same on every machine'
"$traffic" >sample.log
[ "$(cksum <sample.log)" = '2797801272 1414715' ] || fail "traffic wrote something else: $(cksum <sample.log)"
"$traffic" --requests 5000 --hours 3 --seed 7 >other.log
[ "$(cksum <other.log)" = '2379781632 707525' ] || fail "traffic wrote something else: $(cksum <other.log)"
[ "$(wc -l <other.log)" -eq 5000 ] || fail 'not 5000 lines'
json '"requests":10000,' --limit '10/minute burst=10' sample.log
has out '"malformed":0'
has out '{"key":"198.51.100.7",'
status=0
"$traffic" --requests many >out 2>err || status=$?
[ "$status" -eq 2 ] || fail 'traffic took a word for a number'

echo 'All is well.'
