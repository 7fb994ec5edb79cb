#!/bin/sh
# Builds the tests with sanitizers and runs them: addresses and undefined
# behaviour all of them, data races those with threads.
#
#   tests/sanitize.sh
#
# BUILD names a folder to keep; JOBS how many compile, and run, at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$(mktemp -d)}
jobs=${JOBS:-$(nproc)}
[ "${BUILD:-}" ] || trap 'rm -rf "$build"' EXIT

configure() {  # NAME SANITIZERS
  cmake -S "$here/.." -B "$build/$1" -DBIFSMN_TESTS=ON -DBIFSMN_TOOLS=OFF \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g" \
    -DBIFSMN_SANITIZE="$2"
}

export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
configure address address,undefined,float-cast-overflow
cmake --build "$build/address" -j "$jobs"
ctest --test-dir "$build/address" -j "$jobs" --output-on-failure

configure thread thread
cmake --build "$build/thread" -j "$jobs" --target test_threads
ctest --test-dir "$build/thread" --output-on-failure -R test_threads
