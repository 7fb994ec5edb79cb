#!/usr/bin/env bash
# Makes an arm64 Python that runs on this machine under qemu-user, beside the
# machine's own packages, without a container:
#
#   arm64_python.sh FOLDER UV
#   qemu-aarch64 -L FOLDER/root -E PYTHONPATH=FOLDER/torch FOLDER/root/usr/bin/python3
#
# UV is the uv program. FOLDER gets
#   root    Debian's Python and what it is linked to     76 MB
#   numpy   packages: numpy alone, as on a small device   30 MB
#   torch   packages: torch, SpeechBrain, numpy, ...     700 MB
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
uv=$2

# torch 2.9.1 is the newest whose arm64 wheel runs on ARMv8.0 (2.10 needs the
# atomics of 8.1) and brings no CUDA.
torch_packages=(torch==2.9.1 torchaudio==2.9.1 numpy speechbrain==1.1.2
  soundfile scipy hyperpyyaml ruamel.yaml)
stamp="root 1; ${torch_packages[*]}"
if [ "$(cat "$folder/complete" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
rm -rf "${folder:?}"/{complete,root,numpy,torch}

# An apt of its own, for another architecture, with the machine's sources.
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: > "$apt/status"
cat > "$apt/apt.conf" <<CONFIG
APT::Architecture "arm64";
APT::Architectures "arm64";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "3";
Debug::NoLocking "1";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
CONFIG
export APT_CONFIG=$apt/apt.conf
apt-get update -qq
apt-get install -qq -y -d --no-install-recommends \
  python3 libstdc++6 libgomp1 > /dev/null
mkdir "$folder/root"
for deb in "$apt"/cache/archives/*.deb; do
  dpkg-deb -x "$deb" "$folder/root"
done
unset APT_CONFIG

version=$(readlink "$folder/root/usr/bin/python3")
install() {
  "$uv" pip install --quiet --only-binary :all: --target "$folder/$1" \
    --python-platform aarch64-manylinux_2_28 \
    --python-version "${version#python}" "${@:2}"
}
install numpy numpy
install torch "${torch_packages[@]}"
echo "$stamp" > "$folder/complete"
