# shellcheck shell=bash
# How the build talks: one line per step on standard error, standard output stays for results.

say() { printf 'build: %s\n' "$*" >&2; }

fail() {
  printf 'build: error: %s\n' "$*" >&2
  exit 1
}
