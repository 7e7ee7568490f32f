# shellcheck shell=bash
# Deno runs the last step (optimise, pack) and the check. npx brings it where it is not installed.

deno_run() {
  if command -v deno >/dev/null; then
    deno run --quiet --no-lock "$@"
  elif command -v npx >/dev/null; then
    npx --yes deno@2 run --quiet --no-lock "$@"
  else
    fail "neither deno nor npx is installed. Install Deno 2 (or Node.js, which brings npx)"
  fi
}
