#!/usr/bin/env bash
# Makes pkg/ out of src/: the Rust core as one JavaScript module with its WASM inside.
#
#   ./build.sh                  build and write pkg/
#   ./build.sh --check          does pkg/ belong to src/? (see scripts/toolchain/fingerprint.ts)
#   ./build.sh --check-digests  the fast half of --check: needs no Rust, takes a second
#
# pkg/ is committed, so deploying needs none of this. What a build lacks is set up as far as that
# goes without asking; anything that changes the machine outside of this folder is said first. A
# check changes nothing there: without the Rust that it needs it is content with the digests.
#
#   WASM_TOOLCHAIN=rustup|debian   choose where Rust comes from instead of trying in that order
#   CARGO_TARGET_DIR=DIR           where cargo builds (default: target/)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

for part in messages deno rust wasm_bindgen; do
  # shellcheck source=/dev/null
  source "scripts/toolchain/$part.sh"
done

# Builds into the folder $1 the same way for a build and for a check, with the Rust that was found.
build_into() {
  local out=$1 bindings wasm
  compile_wasm
  wasm=${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/generation_queue.wasm
  find_wasm_bindgen
  bindings=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$bindings'" RETURN
  "$WASM_BINDGEN" --target web --remove-name-section --remove-producers-section \
    --out-dir "$bindings" --out-name q "$wasm" # a name that stands in the WASM a hundred times
  deno_run --allow-read --allow-write="$out" scripts/toolchain/pack.ts \
    "$bindings" "$out" "$RUST_VERSION" "$WASM_BINDGEN_VERSION"
}

check_digests() {
  deno_run --allow-read scripts/toolchain/fingerprint.ts
}

# The same compiler gives the same bytes, so where it is at hand the proof is a second build.
check_rebuild() {
  local made_by out
  made_by=$(deno_run --allow-read scripts/toolchain/fingerprint.ts --compiler)
  if ! find_rust_as_it_is; then
    say "not built again: $NO_RUST"
    return
  fi
  if [ "$RUST_VERSION" != "$made_by" ]; then
    say "not built again: pkg/ was made by $made_by, here is $RUST_VERSION"
    return
  fi
  out=$(mktemp -d)
  build_into "$out"
  diff -r "$out" pkg >/dev/null || fail "pkg/ is not what src/ builds into. Run ./build.sh"
  rm -rf "$out"
  say "built again: pkg/ is the same to the byte"
}

case "${1:-}" in
  "") find_rust; build_into pkg ;;
  --check) check_digests && check_rebuild ;;
  --check-digests) check_digests ;;
  -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' build.sh ;;
  *) fail "unknown argument '$1'. Known: --check, --check-digests, --help" ;;
esac
