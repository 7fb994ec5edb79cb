#!/usr/bin/env bash
# Tests the wheels as users get them: the engine's alone, then the plugin's
# commands beside it.
#
#   scripts/test_wheels.sh [FOLDER]    of wheels; without it, they are built
#
# PYTHON (python3) makes the environment.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONNOUSERSITE=1

step() { echo "== $1"; }

if [ -n "${1:-}" ]; then
  wheels=$(cd "$1" && pwd)
else
  step "Build"
  wheels=$work/wheels
  # Copies: a build leaves nothing in the sources, and takes nothing stale.
  mkdir "$work/source"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
    tar --null -T - -cf -) | tar -xf - -C "$work/source"
  for package in . arm_kernel; do
    "$python" -m pip wheel --quiet --no-deps --wheel-dir "$wheels" "$work/source/$package"
  done
fi
plugin=$(echo "$wheels"/speechbrain_bifsmn-*-py3-none-any.whl)
[ -f "$plugin" ] || { echo "expected a pure wheel of the plugin in $wheels, found none" >&2; exit 1; }

step "The engine alone"
"$python" -m venv "$work/venv"
bin=$work/venv/bin
"$bin/pip" install --quiet --no-index --no-deps --find-links "$wheels" bifsmn-engine
"$bin/pip" install --quiet "bifsmn-engine[audio,serve]"
mkdir "$work/empty"
cp "$root"/tests/data/audio/{sox_pipe_float.wav,joined.ogg} "$root/scripts/check_installed.py" "$work/empty"
cd "$work/empty"
"$bin/python" -I check_installed.py sox_pipe_float.wav joined.ogg
"$bin/pip" install --quiet pytest
"$bin/python" -I -m pytest -q -p no:cacheprovider --doctest-modules \
  -o doctest_optionflags="ELLIPSIS NORMALIZE_WHITESPACE" --pyargs bifsmn_engine

step "The plugin's commands beside it"
"$bin/pip" install --quiet --no-deps "$plugin"
"$bin/bifsmn" --help > help.txt
for command in train synth export evaluate publish tune; do
  grep -E "^ +$command " help.txt | grep -v "in the package" > /dev/null ||
    { echo "expected the command $command in bifsmn --help, found none" >&2; exit 1; }
done
if "$bin/python" -m zipfile -l "$plugin" | grep -E '^(tests|recipes|benchmarks|docs)/'; then
  echo "expected speechbrain_bifsmn alone in the plugin's wheel, found the files above" >&2
  exit 1
fi
echo "The wheels work"
