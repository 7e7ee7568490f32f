# shellcheck shell=bash
# wasm-bindgen's command line must be of the very version that the crate was built with, so it is
# kept in the git-ignored .tools/ instead of wherever another project left another version.

# Sets WASM_BINDGEN (path) and WASM_BINDGEN_VERSION.
find_wasm_bindgen() {
  WASM_BINDGEN_VERSION=$(locked_version wasm-bindgen)
  [ -n "$WASM_BINDGEN_VERSION" ] || fail "Cargo.lock names no wasm-bindgen"
  WASM_BINDGEN=.tools/bin/wasm-bindgen
  if [ "$("$WASM_BINDGEN" --version 2>/dev/null)" = "wasm-bindgen $WASM_BINDGEN_VERSION" ]; then
    return
  fi
  say "installing wasm-bindgen $WASM_BINDGEN_VERSION into .tools/ (once, a minute or two)"
  # A debug build: it compiles much faster than it would ever save in running for a second.
  RUSTC="$RUSTC" CARGO_PROFILE_DEV_DEBUG=false \
    "$CARGO" install --quiet --locked --debug --root .tools --target-dir .tools/target \
    --version "$WASM_BINDGEN_VERSION" --bin wasm-bindgen wasm-bindgen-cli >&2 ||
    fail "wasm-bindgen-cli $WASM_BINDGEN_VERSION could not be installed"
  rm -rf .tools/target
}

# The version of the package $1 in Cargo.lock.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { found = $3 == name }
    found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}
