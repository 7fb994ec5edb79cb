# Installs the Debian packages that a script needs. To be sourced by it.
#
#   need COMMAND PACKAGE    notes the package if there is no such command
#   install_needed          installs what was noted, or says what is missing

needed=()

need() { command -v "$1" > /dev/null || needed+=("$2"); }

install_needed() {
  if [ ${#needed[@]} = 0 ]; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "expected ${needed[*]} to be installed, found none; install them" \
      "(on Debian: apt-get install ${needed[*]})" >&2
    exit 1
  fi
  echo "installs ${needed[*]}"
  # Several of these scripts may run at once.
  (flock 9 && apt_install "${needed[@]}") 9> /var/lock/bifsmn-install
  needed=()
}

apt_install() {
  # Someone else may be installing: waits for the locks.
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
  local try log
  for try in 1 2 3 4 5; do
    if log=$("${apt[@]}" update 2>&1 && DEBIAN_FRONTEND=noninteractive \
      "${apt[@]}" install -y --no-install-recommends "$@" 2>&1)
    then return; fi
    sleep 5
  done
  echo "$log" >&2
  return 1
}
