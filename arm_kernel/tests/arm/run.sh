#!/usr/bin/env bash
# Proves the engine on 64-bit ARM, on a Debian machine and without a board:
# cross-built for every such processor, and run by an emulator that refuses what
# a processor would refuse.
#
#   run.sh
#
# What is missing is installed by apt, which needs root. Downloads are kept in
# $BIFSMN_ARM_CACHE, ~/.cache/bifsmn-arm by default, for the next run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../packages.sh"
engine=$(cd "$here/../.." && pwd)
source=$(cd "$engine/.." && pwd)
cache=${BIFSMN_ARM_CACHE:-$HOME/.cache/bifsmn-arm}
toolchain=$engine/cmake/aarch64.cmake
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"
jobs=$(nproc)

step() {  # prints what begins, and how long what came before took
  if [ -n "${name:-}" ]; then echo "   ($((SECONDS - began)) s) $name"; fi
  name=$1 began=$SECONDS
  echo "== $name"
}

install_packages() {
  need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
  need qemu-aarch64 qemu-user
  need cmake cmake
  need ninja ninja-build
  need c++ g++
  need python3 python3
  python3 -c 'import ensurepip' 2> /dev/null || needed+=(python3-venv)
  [ -d /usr/aarch64-linux-gnu/lib ] || needed+=(libc6-dev-arm64-cross)
  install_needed
}

build() {
  cmake -S "$engine" -B "$work/build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$toolchain" \
    -DBIFSMN_TESTS=ON -DBIFSMN_TOOLS=OFF > "$work/log" &&
    cmake --build "$work/build" -j "$jobs" >> "$work/log" || { cat "$work/log"; exit 1; }
}

run_test() {  # PROGRAM CPU ISA
  local log=$1.$2.$3.log
  if BIFSMN_ISA=${3#best} qemu-aarch64 -cpu "$2" -L /usr/aarch64-linux-gnu "$1" > "$log" 2>&1
  then echo "$2 $3 $(basename "$1"): $(tail -n 1 "$log")"
  else
    cat "$log"
    echo "FAILED: $2 $3 $(basename "$1")"
    exit 255  # xargs stops
  fi
}
export -f run_test

run_tests() {
  local tests=$work/build/tests program cpu isa
  for cpu in cortex-a53 cortex-a76 max; do
    for program in "$tests"/test_*; do
      if [ -f "$program" ] && [ -x "$program" ]; then echo "$program $cpu best"; fi
    done
  done > "$work/runs"
  # test_isas compares all instruction sets by itself; these take the one that is named.
  for isa in portable reference; do
    printf '%s cortex-a53 %s\n' "$tests/test_api" $isa "$tests/test_stream" $isa
  done >> "$work/runs"
  xargs -P "$jobs" -L 1 bash -c 'run_test "$@"' run_test < "$work/runs"
}

make_python() {
  local tools=$cache/tools
  if [ ! -x "$tools/bin/uv" ]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check uv
  fi
  "$here/arm64_python.sh" "$cache" "$tools/bin/uv"
}

make_wheel() {
  _PYTHON_HOST_PLATFORM=linux-aarch64 "$cache/tools/bin/pip" wheel --quiet \
    --disable-pip-version-check --no-deps --wheel-dir "$work/wheel" \
    -C cmake.define.CMAKE_TOOLCHAIN_FILE="$toolchain" "$engine"
  python3 -m zipfile -e "$work"/wheel/*-py3-none-linux_aarch64.whl "$work/installed"
  (cd "$work/wheel" && ls -- *.whl)
}

write_models() {
  c++ -std=c++17 -O1 -I "$engine/src" -I "$engine/tests" "$here/write_models.cpp" \
    -o "$work/write_models"
  "$work/write_models" "$work"
}

arm_python() {  # CPU PACKAGES ARGUMENTS...: runs Python with the wheel
  local path=$work/installed:$cache/$2
  if [ "$2" = torch ]; then path+=:$source; fi
  qemu-aarch64 -cpu "$1" -L "$cache/root" -E PYTHONPATH="$path" -E PYTHONNOUSERSITE=1 \
    -E PYTHONDONTWRITEBYTECODE=1 -E OMP_NUM_THREADS=1 \
    "$cache/root/usr/bin/python3" "${@:3}"
}

step "Packages"
install_packages
step "Cross-build for armv8-a"
build
step "Tests in C++ under cortex-a53, cortex-a76 and max"
run_tests
step "Only instructions of ARMv8.0"
"$here/check_instructions.py" --self-test
"$here/check_instructions.py" "$work/build/libbifsmn.so"
step "Python for ARM"
make_python
step "Wheel"
make_wheel
"$here/check_instructions.py" "$work/installed/bifsmn_engine/libbifsmn.so"
step "The wheel with numpy alone under cortex-a53"
write_models
arm_python cortex-a53 numpy "$here/test_wheel.py" "$work"/[12].bifsmn
step "SpeechBrain's interface on the NEON kernels under cortex-a72"
arm_python cortex-a72 torch "$here/test_speechbrain.py"
step "Instructions of an inference"
(cd "$source" && python3 -m benchmarks.harness.arm_count "$work/2.bifsmn" --check)
step "Done in $SECONDS s"
