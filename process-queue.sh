#!/usr/bin/env bash
# Starts a run on a queue, waits until it is over and shows its report. Needs bash and curl.
#
#   ./process-queue.sh images | videos | all   (all: both, images first)
#
#   --max-jobs N      stop after N jobs, 1 to 1000
#   --env-file FILE   read SUPABASE_URL and SUPABASE_SECRET_KEY (or the legacy
#                     SUPABASE_SERVICE_ROLE_KEY) from FILE; those already set win
#
# EXIT CODES
#   0  the run is over and no job failed; jobs may wait or be retried: run again
#   1  a job failed, or the function refused or could not be reached
#   2  wrong usage
set -euo pipefail

help() { while IFS= read -r line && [[ $line == '#'* ]]; do [[ $line == '#!'* ]] || echo "${line:2}"; done <"$0"; }
die() { printf '%s\n' "$2" >&2 && exit "$1"; } # exit code, message

# A foreign text without the characters that would control a terminal: C0, DEL, C1, and what reverses
# the direction of writing. In the C locale a character of those is two or three bytes.
plain() {
  local LC_ALL=C text=${1//$'\n'/$'\x01'} # line ends are kept
  text=${text//$'\xc2'[$'\x80'-$'\x9f']/ } text=${text//$'\xd8\x9c'/ }
  text=${text//$'\xe2\x80'[$'\x8e\x8f\xa8'-$'\xae']/ } text=${text//$'\xe2\x81'[$'\xa6'-$'\xa9']/ }
  text=${text//[$'\x02'-$'\x1f\x7f']/ } && printf '%s' "${text//$'\x01'/$'\n'}"
}

# Reads NAME=VALUE lines as data: a file that is executed could do anything. As local/env_file.ts does: a value in quotes
# ends at the closing one, another at a comment, and of two lines the last counts.
read_env_file() {
  [[ -r $1 && ! -d $1 ]] || die 2 "--env-file needs a FILE: '$1' cannot be read."
  local line name value names=' ' text=$(<"$1") pattern='^[[:space:]]*(export[[:space:]]+)?(SUPABASE_[A-Z_]+)=(.*)$'
  local double='^[[:space:]]*"([^"]*)"' single="^[[:space:]]*'([^']*)'"
  [[ $text != *$'\r'* ]] || die 2 "$1 has Windows line endings (CRLF). Save it with LF: sed -i 's/\\r\$//' $(printf %q "$1")"
  [[ $text != $'\xef\xbb\xbf'* ]] || die 2 "$1 begins with a byte order mark (BOM). Save it without one: sed -i '1s/^\\xEF\\xBB\\xBF//' $(printf %q "$1")"
  while IFS= read -r line; do
    [[ $line =~ $pattern ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    if [[ $value =~ $double || $value =~ $single ]]; then
      value=${BASH_REMATCH[1]}
    else
      value=${value%%[[:space:]]#*} value=${value#"${value%%[![:space:]]*}"} value=${value%"${value##*[![:space:]]}"}
    fi
    [[ -z ${!name:-} || $names == *" $name "* ]] || continue # it was set before
    printf -v "$name" %s "$value" && names+="$name "
  done <<<"$text"
}

LOCALLY='Of the local stack: --env-file .env.local, or --env-file DIR/.env.local if it was started with --data DIR.'
STACKS_KEY='of the local stack: the one in .env.local, or in DIR/.env.local if it was started with --data DIR'

check() { # variable, pattern of its value, what is expected
  local value=${!1:-} placeholder='(^|//)(YOUR[-_]|SECRET[-_]|PROJECT[-_]REF|project[-_]ref)'
  [[ -n $value ]] || die 2 "$1 is not set. It must be $3. $LOCALLY"
  [[ $value != *$'\r' ]] || die 2 "$1 ends with a carriage return: its file has Windows line endings (CRLF). Save that with LF: sed -i 's/\\r\$//' .env"
  [[ ! $value =~ $placeholder ]] || die 2 "$1 is a placeholder. It must be $3."
  [[ $value =~ $2 ]] || die 2 "$1 must be $3."
}

run_function() { # name; succeeds when no job has failed
  local reply status body remedy= counts=$'(^|\n)jobs: [0-9]+  succeeded: [0-9]+  failed: ([0-9]+) '
  printf '%s at %s\n' "$1" "${SUPABASE_URL%/}"
  # The key goes in through a pipe: every user of the machine can see arguments.
  reply=$(curl -sS --max-time 600 --config - --data "$options" -H 'content-type: application/json' -H 'accept: text/plain' \
    --write-out '\n%{http_code}' "${SUPABASE_URL%/}/functions/v1/$1" <<<"$headers") || case $? in
    5 | 6 | 7 | 35 | 60) die 1 "  $SUPABASE_URL cannot be reached" ;;
    28) die 1 "  no answer within 600 s: the run may go on, and its results come later" ;;
    *) die 1 "  the answer was lost: the run may go on, and its results come later" ;;
  esac
  status=${reply##*$'\n'} body=$(plain "${reply%$'\n'*}")
  if [[ $status == 20[07] && $body =~ $counts ]]; then
    printf '  %s\n' "${body//$'\n'/$'\n'  }"
    return "$((BASH_REMATCH[2] > 0))"
  fi
  case $status in
    200 | 207) status="answered something else than a report ($status)" ;;
    401 | 403) status="refused ($status)" remedy=$'\n'"  export $key=YOUR_SECRET_KEY  # $STACKS_KEY" ;;
    404) status="not found, is the function deployed (404)" ;;
    504) status="no answer in time, the run goes on and its results come later (504)" ;;
    546) status="the run was stopped for using too many resources (546)" ;;
    *) status="failed ($status)" ;;
  esac
  body=${body:0:500} && die 1 "  $status: ${body//$'\n'/ }$remedy"
}

functions=() options='{}' queue=
while [[ $# -gt 0 ]]; do
  case $1 in
    --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
    -h | --help) help && exit ;;
    --env-file) read_env_file "${2:-}" && shift ;;
    --max-jobs)
      [[ ${2:-} =~ ^([1-9][0-9]{0,2}|1000)$ ]] || die 2 '--max-jobs needs a number from 1 to 1000.'
      options="{\"maxJobs\":$2}" && shift
      ;;
    -*) die 2 "There is no flag $1. See ./process-queue.sh --help" ;;
    *) [[ -z $queue ]] && queue=$1 || die 2 "One queue at a time, or all: $queue and $1 were given." ;;
  esac
  shift
done
case $queue in
  images | videos) functions=("process-${queue%s}-generation") ;;
  all) functions=(process-image-generation process-video-generation) ;;
  "") die 2 "$(help)" ;;
  *) die 2 "There is no queue \"$queue\": images, videos or all." ;;
esac

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
