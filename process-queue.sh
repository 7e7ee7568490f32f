#!/usr/bin/env bash
# Starts the functions that work on the queues and shows their reports. Needs bash and curl.
set -euo pipefail

HELP='Starts a run on a queue, waits until it is over and shows its report.

  ./process-queue.sh images      the image queue
  ./process-queue.sh videos      the video queue
  ./process-queue.sh all         both, images first

  --max-jobs N      stop after N jobs, 1 to 1000
  --env-file FILE   read SUPABASE_URL and SUPABASE_SECRET_KEY (or the legacy
                    SUPABASE_SERVICE_ROLE_KEY) from FILE; those already set win

EXIT CODES
  0  the run is over and no job failed; jobs may wait or be retried: run again
  1  a job failed, or the function refused or could not be reached
  2  wrong usage'

die() { # exit code, message
  printf '%s\n' "$2" >&2
  exit "$1"
}

# A foreign text without the characters that would control a terminal: C0 but line ends, DEL, C1, and
# what reverses the direction of writing. In the C locale a character of those is two or three bytes.
plain() {
  local LC_ALL=C text=$1 line
  text=${text//$'\xc2'[$'\x80'-$'\x9f']/ } text=${text//$'\xd8\x9c'/ }
  text=${text//$'\xe2\x80'[$'\x8e\x8f'$'\xa8'-$'\xae']/ } text=${text//$'\xe2\x81'[$'\xa6'-$'\xa9']/ }
  while IFS= read -r line; do printf '%s\n' "${line//[[:cntrl:]]/ }"; done <<<"$text"
}

# Reads NAME=VALUE lines as data: a file that is executed could do anything.
read_env_file() {
  local line value
  [[ -n $1 ]] || die 2 '--env-file needs a FILE.'
  [[ -r $1 && ! -d $1 ]] || die 2 "--env-file: $1 cannot be read."
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line != $'\xef\xbb\xbf'* ]] || die 2 "$1 begins with a byte order mark (BOM). Save it without one: sed -i '1s/^\\xEF\\xBB\\xBF//' $(printf %q "$1")"
    [[ $line != *$'\r' ]] || die 2 "$1 has Windows line endings (CRLF). Save it with LF: sed -i 's/\\r\$//' $(printf %q "$1")"
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?(SUPABASE_[A-Z_]+)=(.*)$ ]] || continue
    line=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    if [[ $value =~ ^\"([^\"]*)\" || $value =~ ^\'([^\']*)\' ]]; then
      value=${BASH_REMATCH[1]}
    else
      value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"}
    fi
    [[ -n ${!line:-} ]] || printf -v "$line" '%s' "$value"
  done <"$1"
}

run_function() { # name; succeeds when no job has failed
  local reply status body counts=$'(^|\n)jobs: [0-9]+  succeeded: [0-9]+  failed: ([0-9]+) '
  printf '%s at %s\n' "$1" "${SUPABASE_URL%/}"
  # The key goes in through a pipe: every user of the machine can see arguments.
  reply=$(curl --silent --show-error --max-time 600 --request POST --config - --data "$BODY" \
    --header 'content-type: application/json' --header 'accept: text/plain' \
    --write-out '\n%{http_code}' "${SUPABASE_URL%/}/functions/v1/$1" <<<"$HEADERS") ||
    die 1 "  $SUPABASE_URL cannot be reached"
  status=${reply##*$'\n'} body=$(plain "${reply%$'\n'*}")
  if [[ $status == 20[07] && $body =~ $counts ]]; then
    printf '  %s\n' "${body//$'\n'/$'\n'  }"
    return "$((BASH_REMATCH[2] > 0))"
  fi
  # A gateway in front of the function answers {"message": …}.
  [[ ! $body =~ \"(message|msg)\":\ *\"([^\"]*)\" ]] || body=${BASH_REMATCH[2]}
  body=${body:0:500} body=${body//$'\n'/ }
  case $status in
    200 | 207) printf '  answered something else than a report (%s): %s\n' "$status" "$body" ;;
    401 | 403) printf '  refused (%s): %s\n' "$status" "$body" ;;
    404) printf '  not found (404): is the function deployed? %s\n' "$body" ;;
    504) printf '  no answer in time (504): the run goes on, its results come later\n' ;;
    546) printf '  the run was stopped for using too many resources (546)\n' ;;
    *) printf '  failed (%s): %s\n' "$status" "$body" ;;
  esac >&2
  return 1
}

functions=() BODY='{}'
while [[ $# -gt 0 ]]; do
  case $1 in
    --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
    -h | --help) printf '%s\n' "$HELP" && exit ;;
    --env-file) read_env_file "${2:-}" && shift ;;
    --max-jobs)
      [[ ${2:-} =~ ^([1-9][0-9]{0,2}|1000)$ ]] || die 2 '--max-jobs needs a number from 1 to 1000.'
      BODY="{\"maxJobs\":$2}" && shift
      ;;
    -*) die 2 "There is no flag $1. See ./process-queue.sh --help" ;;
    *)
      [[ -z ${queue:-} ]] || die 2 "One queue at a time, or all: $queue and $1 were given."
      queue=$1
      [[ $queue != images && $queue != all ]] || functions+=(process-image-generation)
      [[ $queue != videos && $queue != all ]] || functions+=(process-video-generation)
      [[ ${#functions[@]} -gt 0 ]] || die 2 "There is no queue \"$queue\": images, videos or all."
      ;;
  esac
  shift
done
[[ ${#functions[@]} -gt 0 ]] || die 2 "$HELP"

key=SUPABASE_SECRET_KEY place="in your project's settings; the local stack (deno task start) writes it into .env.local: --env-file .env.local"
[[ -n ${!key:-} || -z ${SUPABASE_SERVICE_ROLE_KEY:-} ]] || key=SUPABASE_SERVICE_ROLE_KEY
for name in SUPABASE_URL "$key"; do
  [[ ${!name:-} != *$'\r' ]] || die 2 "$name ends with a carriage return: the file it comes from has Windows line endings (CRLF). Save that with LF: sed -i 's/\\r\$//' .env"
done
[[ -n ${SUPABASE_URL:-} ]] || die 2 "SUPABASE_URL is not set. It is the API URL $place"
[[ $SUPABASE_URL =~ ^https?://[^[:space:]]+$ ]] || die 2 'SUPABASE_URL must be an http(s) URL.'
[[ ! $SUPABASE_URL =~ [Pp][Rr][Oo][Jj][Ee][Cc][Tt][-_][Rr][Ee][Ff] ]] || die 2 'SUPABASE_URL has a placeholder: put the reference of your project there instead.'
[[ -n ${!key:-} ]] || die 2 "SUPABASE_SECRET_KEY is not set (nor SUPABASE_SERVICE_ROLE_KEY). It is under API Keys $place"
[[ ${!key} =~ ^[A-Za-z0-9._~+/=-]+$ ]] || die 2 "$key is no key: it has characters that no key has."
[[ ! ${!key} =~ ^(YOUR|SECRET)[-_] ]] || die 2 "$key is a placeholder. The key is under API Keys $place"
# New secret keys are no JWTs and go into apikey alone; gateways want legacy keys in both headers.
HEADERS="header = \"apikey: ${!key}\""
[[ ${!key} == sb_* ]] || HEADERS+=$'\n'"header = \"authorization: Bearer ${!key}\""

code=0
for name in "${functions[@]}"; do run_function "$name" || code=1; done
exit "$code"
