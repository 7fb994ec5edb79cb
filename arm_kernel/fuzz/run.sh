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
build=${BUILD:-build/fuzz}

# Installs packages of which a command or a file is missing.
install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "expected $* to be installed, found none; install them (on Debian:" \
      "apt-get install $*)" >&2
    exit 1
  fi
  echo "installs $*"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
    install -y --no-install-recommends "$@" > /dev/null
}

command -v cmake > /dev/null || install_packages cmake make
command -v clang++ > /dev/null || install_packages clang
version=$(clang++ -dumpversion)
compgen -G "$(clang++ -print-resource-dir)/lib/*/libclang_rt.fuzzer*" > /dev/null ||
  install_packages "libclang-rt-${version%%.*}-dev"

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
