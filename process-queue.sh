#!/usr/bin/env bash
set -euo pipefail
help='Starts a run on a queue, waits until it is over and shows its report. Needs bash and curl.

  ./process-queue.sh images | videos | all   (all: both, images first)

  --env-file FILE   read SUPABASE_URL and SUPABASE_SECRET_KEY (or the legacy
                    SUPABASE_SERVICE_ROLE_KEY) from FILE; those already set win
EXIT CODES
  0  the run is over and no job failed; jobs may wait or be retried: run again
  1  a job failed, or the function refused or could not be reached
  2  wrong usage'
locally='Of the local stack: --env-file .env.local, or --env-file DIR/.env.local if it was started with --data DIR.'
later='the run may go on, and its results come later'

die() { printf '%s\n' "$2" >&2 && exit "$1"; } # exit code, message

# A foreign text without the characters that would control a terminal: C0 but line ends, DEL, C1, and
# what reverses the direction of writing. In the C locale a character of those is two or three bytes.
plain() {
  local LC_ALL=C text=$1 control
  for control in $'[\x01-\x09\x0b-\x1f\x7f]' $'\xc2[\x80-\x9f]' $'\xd8\x9c' \
    $'\xe2\x80[\x8e\x8f\xa8-\xae]' $'\xe2\x81[\xa6-\xa9]'; do
    text=${text//$control/ }
  done
  printf '%s' "$text"
}

# Reads NAME=VALUE lines as data: a file that is executed could do anything. The longest match ends at the last line.
read_env_file() {
  [[ -r $1 && ! -d $1 ]] || die 2 "--env-file needs a FILE: '$1' cannot be read."
  local name text=$'\n'$(<"$1") value=$'("([^"\n]*)"|\'([^\'\n]*)\'|([^[:space:]"\'][^[:space:]]*))?'
  [[ $text != *$'\r'* ]] || die 2 "$1 has Windows line endings (CRLF). Save it with LF."
  [[ $text != $'\n\xef\xbb\xbf'* ]] || die 2 "$1 begins with a byte order mark (BOM). Save it without one."
  for name in SUPABASE_URL SUPABASE_SECRET_KEY SUPABASE_SERVICE_ROLE_KEY; do
    [[ -z ${!name:-} && $text =~ .*$'\n'[[:blank:]]*(export[[:blank:]]+)?$name=[[:blank:]]*$value ]] || continue
    printf -v "$name" %s "${BASH_REMATCH[3]}${BASH_REMATCH[4]}${BASH_REMATCH[5]}"
  done
}

check() { # variable, pattern of its value, what is expected
  local value=${!1:-} fault='is something else'
  [[ -n $value ]] || fault='is not set'
  [[ $value != *$'\r' ]] || fault='ends with a carriage return: its file has Windows line endings (CRLF)'
  [[ ! $value =~ (^|//)(YOUR[-_]|SECRET[-_]|PROJECT[-_]REF|project[-_]ref) ]] || fault='is a placeholder'
  [[ $fault == 'is something else' && $value =~ $2 ]] || die 2 "$1 $fault. It must be $3. $locally"
}

run_function() { # name; succeeds when no job has failed
  local answer status body counts=$'(^|\n)jobs: [0-9]+  succeeded: [0-9]+  failed: ([0-9]+) '
  printf '%s at %s\n' "$1" "${SUPABASE_URL%/}"
  # The key goes in through a pipe: every user of the machine can see arguments.
  answer=$(curl -sS --max-time 600 --config - --request POST --header 'accept: text/plain' \
    --write-out '\n%{http_code}' "${SUPABASE_URL%/}/functions/v1/$1" <<<"$headers") || case $? in
    5 | 6 | 7 | 35 | 60) die 1 "  $SUPABASE_URL cannot be reached" ;;
    *) die 1 "  no answer came: $later" ;;
  esac
  status=${answer##*$'\n'} body=$(plain "${answer%$'\n'*}")
  if [[ $status == 20[07] && $body =~ $counts ]]; then
    printf '  %s\n' "${body//$'\n'/$'\n'  }"
    return "$((BASH_REMATCH[2] > 0))"
  fi
  case $status in
    20?) status+=', and no report' ;;
    401 | 403) status+=", $key is refused. $locally" ;;
    404) status+=', is the function deployed?' ;;
    504) status+=", $later" ;;
  esac
  body=${body:0:500} && die 1 "  HTTP $status"$'\n'"  ${body//$'\n'/ }"
}

functions=()
while [[ $# -gt 0 ]]; do
  case $1 in
    images | videos) functions+=("process-${1%s}-generation") ;;
    all) functions+=(process-image-generation process-video-generation) ;;
    --env-file) read_env_file "${2:-}" && shift ;;
    --env-file=*) read_env_file "${1#*=}" ;;
    -h | --help) echo "$help" && exit ;;
    *) die 2 "There is no queue or flag $1. See ./process-queue.sh --help" ;;
  esac
  shift
done
[[ ${#functions[@]} -gt 0 ]] || die 2 "$help"

key=SUPABASE_SECRET_KEY
[[ -n ${!key:-} || -z ${SUPABASE_SERVICE_ROLE_KEY:-} ]] || key=SUPABASE_SERVICE_ROLE_KEY
check SUPABASE_URL '^https?://[^[:space:]]+$' "the http(s) API URL in your project's settings"
check "$key" '^[A-Za-z0-9._~+/=-]+$' "a key under API Keys in your project's settings"
# New secret keys are not JWTs and go into apikey alone; gateways want legacy keys in both headers.
headers="header = \"apikey: ${!key}\""
[[ ${!key} == sb_* ]] || headers+=$'\n'"header = \"authorization: Bearer ${!key}\""

code=0
for name in "${functions[@]}"; do (run_function "$name") || code=1; done
exit "$code"
