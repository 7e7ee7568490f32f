# shellcheck shell=bash
# Where Rust comes from, and how it is called for WASM.
#
# The standard library is compiled along with the core instead of being taken ready-made: only
# then do size and "a panic is a trap, without a text" hold for it, too, which makes the result a
# sixth smaller. It needs the library's source, from rustup or from Debian, and three settings
# that are not stable yet; RUSTC_BOOTSTRAP lets a stable compiler take them. No ready-made WASM
# target is needed.

TARGET=wasm32-unknown-unknown
# What the settings below are known to work with.
OLDEST_RUST=1.95
DEBIAN_CARGO=/usr/bin/cargo DEBIAN_RUSTC=/usr/bin/rustc

# Sets CARGO, RUSTC and RUST_VERSION (release, commit, host: what pkg/ records). What is missing is
# installed.
find_rust() {
  case "${WASM_TOOLCHAIN:-}" in
    "") find_installed_rust || find_debian_rust ;;
    rustup) find_installed_rust || fail "no Rust $OLDEST_RUST with the source of its library" ;;
    debian) find_debian_rust ;;
    *) fail "WASM_TOOLCHAIN is '$WASM_TOOLCHAIN'; expected rustup or debian" ;;
  esac
  wasm_linker >/dev/null || fail "no linker for WASM. As root: apt-get install lld-19"
  set_rust_version
}

# The same with what the machine has. Installs nothing; sets NO_RUST, the reason, when that is not
# enough.
find_rust_as_it_is() {
  if [ "${WASM_TOOLCHAIN:-}" != debian ] && command -v cargo >/dev/null &&
    command -v rustc >/dev/null; then
    CARGO=$(command -v cargo) RUSTC=$(command -v rustc)
  elif [ "${WASM_TOOLCHAIN:-}" != rustup ] && [ -x $DEBIAN_CARGO ] && [ -x $DEBIAN_RUSTC ]; then
    CARGO=$DEBIAN_CARGO RUSTC=$DEBIAN_RUSTC
  else
    NO_RUST="here is no Rust"
    return 1
  fi
  if ! "$RUSTC" --version >/dev/null 2>&1; then
    NO_RUST="$RUSTC does not run"
  elif ! is_new_enough; then
    NO_RUST="the Rust here is $("$RUSTC" --version), older than $OLDEST_RUST"
  elif [ ! -d "$(library_source)" ]; then
    NO_RUST="the Rust here comes without the source of its library (rustup component add rust-src)"
  elif ! wasm_linker >/dev/null; then
    NO_RUST="here is no linker for WASM"
  else
    set_rust_version
    return
  fi
  return 1
}

set_rust_version() {
  RUST_VERSION=$("$RUSTC" -vV | awk '
    $1 == "release:" { release = $2 } $1 == "commit-hash:" { commit = substr($2, 1, 9) }
    $1 == "host:" { host = $2 } END { print release, commit, host }')
  say "rust: $RUSTC ($RUST_VERSION)"
}

find_installed_rust() {
  command -v cargo >/dev/null && command -v rustc >/dev/null || return 1
  CARGO=$(command -v cargo) RUSTC=$(command -v rustc)
  if ! is_new_enough; then
    say "the installed Rust is $("$RUSTC" --version), older than $OLDEST_RUST"
    return 1
  fi
  [ ! -d "$(library_source)" ] || return 0
  command -v rustup >/dev/null || return 1
  say "adding rust-src, the source of the standard library, to rustup's toolchain"
  rustup component add rust-src >&2 && [ -d "$(library_source)" ]
}

find_debian_rust() {
  local packages="rustc-web cargo-web rust-web-src lld-19"
  CARGO=$DEBIAN_CARGO RUSTC=$DEBIAN_RUSTC
  if [ -x $CARGO ] && [ -x $RUSTC ] && [ -d "$(library_source)" ] && is_new_enough; then
    return
  fi
  command -v apt-get >/dev/null ||
    fail "no Rust $OLDEST_RUST. Install rustup (https://rustup.rs), then run this again"
  [ "$(id -u)" = 0 ] || fail "no Rust $OLDEST_RUST. As root: apt-get install $packages"
  say "installing Debian's $packages"
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages; } >&2 ||
    fail "apt-get could not install $packages. Debian 12 has them"
}

is_new_enough() {
  local version
  version=$("$RUSTC" --version | awk '{ print $2 }')
  [ "$(printf '%s\n' "$OLDEST_RUST" "$version" | sort -V | head -n 1)" = "$OLDEST_RUST" ]
}

library_source() { echo "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library"; }

# rustup's compiler brings a linker for WASM; Debian's wants one of LLVM's.
wasm_linker() {
  local linker
  for linker in "$("$RUSTC" --print sysroot)"/lib/rustlib/*/bin/rust-lld \
    /usr/lib/llvm-*/bin/wasm-ld; do
    [ -x "$linker" ] && echo "$linker" && return
  done
  return 1
}

# Compiles the core. Small costs nothing here: `deno task bench images` measures the same with
# opt-level 3, since the time goes into copying and the decoding is SIMD either way.
compile_wasm() {
  local -x RUSTC=$RUSTC RUSTC_BOOTSTRAP=1
  local -x CARGO_PROFILE_RELEASE_OPT_LEVEL=z
  local -x CARGO_PROFILE_RELEASE_LTO=fat
  local -x CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
  # Stripping would also take the section that says which features of WASM are in use, and
  # wasm-bindgen then assumes the oldest. Names are taken out later.
  local -x CARGO_PROFILE_RELEASE_STRIP=none
  "$CARGO" fetch --quiet --locked --target $TARGET >&2
  local -x CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER CARGO_ENCODED_RUSTFLAGS
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(wasm_linker)
  CARGO_ENCODED_RUSTFLAGS=$(rust_flags)
  say "compiling for $TARGET"
  "$CARGO" build --quiet --locked --release --lib --target $TARGET \
    -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size >&2
}

# One flag per item, separated as CARGO_ENCODED_RUSTFLAGS wants it: folders may contain spaces.
rust_flags() {
  local -a flags=(
    # base64 goes through 16 bytes at a time.
    -C target-feature=+simd128
    # A panic, which nothing from outside may cause, is a trap without a text.
    -Z unstable-options -C panic=immediate-abort -Z location-detail=none -Z fmt-debug=none
    # What Rust itself simplifies, LLVM need not find: a hundredth less.
    -Z mir-opt-level=3
    # Inlining this much gives the smallest result: less makes more calls, more makes copies.
    -C llvm-args=-inline-threshold=10
    # The same source gives the same bytes in any folder: no path of this machine gets in.
    "--remap-path-prefix=$PWD=generation-queue"
    "--remap-path-prefix=$(library_source)=library"
  )
  local folder
  for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    flags+=("--remap-path-prefix=${folder%/}=crates")
  done
  local IFS=$'\x1f'
  printf '%s' "${flags[*]}"
}
