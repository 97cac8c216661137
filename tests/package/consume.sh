#!/usr/bin/env bash
# Builds, installs and moves Penstock, static and shared, and feeds it to a stranger's program in every way the
# README names.
#
#   tests/package/consume.sh [SCRATCH]      a folder to work in; by default a temporary one
set -euo pipefail

source=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  work=$(cd "$1" && pwd)
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
generator=()
if command -v ninja >/dev/null; then generator=(-G Ninja); fi
jobs=$(nproc)

say() { printf '== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Runs quietly, and shows what was said only if it went wrong.
quietly() {
  if ! "$@" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    fail "$*"
  fi
}

# install_library NAME OPTIONS...: into a prefix that is moved afterwards, so that nothing may remember where.
install_library() {
  local name=$1
  shift
  rm -rf "${work:?}/$name"
  quietly cmake -S "$source" -B "$work/$name/build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DPENSTOCK_BUILD_TESTS=OFF \
    -DPENSTOCK_BUILD_EXAMPLES=OFF -DPENSTOCK_BUILD_BENCHMARKS=OFF "$@"
  quietly cmake --build "$work/$name/build" -j "$jobs"
  quietly cmake --install "$work/$name/build" --prefix "$work/$name/before"
  mv "$work/$name/before" "$work/$name/prefix"
  if grep -rlF -e "$work" -e "$source" "$work/$name/prefix" --include='*.cmake' --include='*.h'; then
    fail "these files hold a path of the machine that built them"
  fi
  if grep -rlE 'penstock_warnings|Werror|fsanitize' "$work/$name/prefix" --include='*.cmake'; then
    fail "these files carry our own warnings or sanitizers to others"
  fi
  [ -n "$(find "$work/$name/prefix" -name LICENSE)" ] || fail "no LICENSE was installed"
}

# consume NAME OPTIONS...: configures, builds and runs the program.
consume() {
  local name=$1
  shift
  rm -rf "${work:?}/consumer-$name"
  quietly cmake -S "$source/tests/package/consumer" -B "$work/consumer-$name" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release "$@"
  quietly cmake --build "$work/consumer-$name" -j "$jobs"
  say "$name: $("$work/consumer-$name/consumer")"
  # In process means in process: no network client comes along, and nothing is left to be found at run time.
  local libraries
  libraries=$(ldd "$work/consumer-$name/consumer")
  if grep -qiE 'hiredis|libssl|not found' <<<"$libraries"; then
    fail "$name links what it should not: $libraries"
  fi
  local symbols
  symbols=$(nm -C "$work/consumer-$name/consumer")
  if grep -qE ' (redis[A-Z]|hiredis|getaddrinfo|socket@|connect@)' <<<"$symbols"; then
    fail "$name holds a network client"
  fi
}

install_library static
install_library shared -DBUILD_SHARED_LIBS=ON

consume find_package-static -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/static/prefix"
consume find_package-shared -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/shared/prefix"
grep -qE 'libpenstock\.so\.0\.[0-9]+ ' <<<"$(ldd "$work/consumer-find_package-shared/consumer")" || fail "the shared library is not the one in use"
consume add_subdirectory -DHOW=add_subdirectory -DPENSTOCK_SOURCE="$source"
consume FetchContent-builds -DHOW=FetchContent -DPENSTOCK_SOURCE="$source" -DCMAKE_DISABLE_FIND_PACKAGE_penstock=ON
consume FetchContent-finds -DHOW=FetchContent -DPENSTOCK_SOURCE="$work/nothing-is-here" -DCMAKE_PREFIX_PATH="$work/static/prefix"

# With the component that brings one, asked for by name.
for linkage in static shared; do
  quietly cmake -S "$source/tests/package/consumer" -B "$work/consumer-redis-$linkage" "${generator[@]}" \
    -DCMAKE_BUILD_TYPE=Release -DHOW=find_package -DCOMPONENTS=redis -DCMAKE_PREFIX_PATH="$work/$linkage/prefix"
  quietly cmake --build "$work/consumer-redis-$linkage" -j "$jobs"
  said=$("$work/consumer-redis-$linkage/consumer") || fail "the consumer of penstock::redis, $linkage"
  say "redis, $linkage: $said"
done

if cmake -S "$source/tests/package/consumer" -B "$work/consumer-wrong" "${generator[@]}" -DHOW=find_package -DCOMPONENTS=bogus \
  -DCMAKE_PREFIX_PATH="$work/static/prefix" >"$work/log" 2>&1; then
  fail "a component that does not exist was found"
fi
grep -q 'no component "bogus"' "$work/log" || fail "the error does not name the component: $(cat "$work/log")"
say "COMPONENTS bogus: refused by name"
say "all consumers passed"
