#!/usr/bin/env bash
# Builds the fuzzers with ASan and UBSan and runs each for SECONDS (60).
#
#   run.sh [SECONDS]
#
# What is missing is installed by apt, which needs root. New inputs stay in
# BUILD/NAME (BUILD: build/fuzz). An input that fails is kept in BUILD and named
# on the last lines: put it into fuzz/corpus when the defect is fixed.
set -euo pipefail
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tests/packages.sh"
build=${BUILD:-build/fuzz}

need cmake cmake
need make make
need clang++ clang
install_needed
version=$(clang++ -dumpversion)
compgen -G "$(clang++ -print-resource-dir)/lib/*/libclang_rt.fuzzer*" > /dev/null ||
  needed+=("libclang-rt-${version%%.*}-dev")
install_needed

mkdir -p "$build"
cmake -S "$here/.." -B "$build" -DBIFSMN_FUZZ=ON -DBIFSMN_TOOLS=OFF \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  -DBIFSMN_SANITIZE=address,undefined,float-cast-overflow > "$build/log"
for kind in model wav; do
  cmake --build "$build" --target "fuzz_$kind" >> "$build/log"
  mkdir -p "$build/$kind"
  echo "== fuzz_$kind, $seconds s"
  "$build/fuzz/fuzz_$kind" -max_total_time="$seconds" -timeout=10 -max_len=16384 \
    -verbosity=0 -print_final_stats=1 -artifact_prefix="$build/$kind-" \
    "$build/$kind" "$here/corpus/$kind" 2>&1 | grep -v '# Uses:\|dictionary'
done
