#!/usr/bin/env bash
# Proves the engine on ARMv8-M microcontrollers, on a Debian machine and without a board:
# the backend of devices against the reference on this machine, then firmware for three
# boards of the emulator.
#
#   run.sh [MODEL.bifsmn [RESULTS.json]]
#
# What is missing is installed by apt, which needs root. Without a model it takes the one of
# the Python package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
engine=$(cd "$here/.." && pwd)
if ! command -v apt-get > /dev/null && ! command -v arm-none-eabi-g++ > /dev/null; then
  echo "skipped: expected Debian, or arm-none-eabi-g++ and qemu-system-arm, found neither"
  exit 0
fi
. "$engine/tests/packages.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need arm-none-eabi-g++ gcc-arm-none-eabi
need qemu-system-arm qemu-system-arm
need c++ g++
need make make
need python3 python3
[ -d /usr/lib/arm-none-eabi/newlib ] || needed+=(libnewlib-arm-none-eabi)
[ -d /usr/include/newlib/c++ ] || needed+=(libstdc++-arm-none-eabi-newlib)
install_needed

echo "== The backend of devices on this machine"
c++ -std=gnu++17 -ffp-contract=off -I "$here" -I "$engine/include" -I "$engine/src" \
  -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
  "$engine/tests/test_isas.cpp" "$engine/src/format/format.cpp" \
  "$engine/src/kernels/reference.cpp" "$here/tables.cpp" "$here/tests/backends.cpp" \
  -o "$work/test_isas"
"$work/test_isas"

echo "== Firmware"
model=${1:-$engine/python/bifsmn_engine/pretrained/v1_12/model.bifsmn}
"$here/tests/test.py" "$model" ${2:+--out "$2"}
