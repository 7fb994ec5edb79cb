#!/usr/bin/env bash
# Builds the engine for browsers into one page, BUILD/index.html (BUILD: build/wasm).
#
#   run.sh           builds the page
#   run.sh --test    and tests it, in node and in headless Chromium; the tests in Python
#                    take $PYTHON (python3), with bifsmn-engine, pytest and selenium
#
# What is missing is installed by apt, which needs root.
set -euo pipefail
test=${1:-}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tests/packages.sh"
build=${BUILD:-build/wasm}
# Emscripten's scripts look for Debian's packages, whoever's node runs them.
export NODE_PATH=/usr/share/nodejs

need emcc emscripten
need cmake cmake
need python3 python3
command -v ninja > /dev/null || need make make
if [ -n "$test" ]; then
  need c++ g++
  need chromium chromium
  need chromedriver chromium-driver
fi
install_needed

run() { "$@" > "$build/log" 2>&1 || { cat "$build/log"; exit 1; }; }

# All instruction sets against the reference, front end and stream: the tests that need no files.
test_in_node() {
  local name
  for name in kernels isas extremes front_end stream detector gate; do
    run cmake --build "$build" --target "test_$name" -j "$(nproc)"
    # Emscripten would fetch the module as if this were a browser.
    node --no-experimental-fetch "$build/tests/test_$name.js"
  done
}

mkdir -p "$build"
generator=()
if command -v ninja > /dev/null; then generator=(-G Ninja); fi
run emcmake cmake -S "$here/.." -B "$build" "${generator[@]}" -DBIFSMN_TESTS=ON
run cmake --build "$build" --target page -j "$(nproc)"
size() { wc -c < "$build/$1"; }
echo "$build/index.html: $(size index.html) bytes, of which the engine is" \
  "$(size wasm/engine.wasm) before base64"
if [ -n "$test" ]; then
  test_in_node
  PAGE=$build/index.html "${PYTHON:-python3}" -m pytest -q "$here/tests"
fi
