#!/usr/bin/env bash
# Builds, checks and lists what a release publishes; publishes nothing.
#
#   scripts/release.sh TAG     v0.1.0, say
#
# PYTHON (python3) has the package build.
set -euo pipefail
tag=${1:?"expected a tag, as in scripts/release.sh v0.1.0"}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
cd "$root"
"$python" scripts/check_release.py --tag "$tag"
rm -rf dist
# Of a clone: what is not committed is not in it.
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone --quiet "$root" "$clone"
for package in . arm_kernel; do
  "$python" -m build --outdir dist "$clone/$package" > dist.log 2>&1 ||
    { tail -n 20 dist.log >&2; exit 1; }
done
rm dist.log
scripts/test_wheels.sh dist
echo "To be published as $tag:"
(cd dist && stat --format "%9s  %n" ./*)
