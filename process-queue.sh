#!/usr/bin/env bash
# Starts the functions that work on the queues, and shows what came of it. Needs bash and curl.
set -euo pipefail

usage() {
  cat <<'TEXT'
Works on the generation queues: starts a run and waits until it is over.

  ./process-queue.sh images      the image queue
  ./process-queue.sh videos      the video queue
  ./process-queue.sh all         both, images first

FLAGS
  --env-file FILE   read variables from FILE (those already set win)
  --max-jobs N      stop after N jobs
  --help            this text

ENVIRONMENT
  SUPABASE_URL                 the URL of the project's API
  SUPABASE_SECRET_KEY          a secret key of the project, or
  SUPABASE_SERVICE_ROLE_KEY    its legacy service_role key

EXIT CODES
  0  the run is over and no job failed; jobs may wait or be retried: run again
  1  a job failed, or the function refused or could not be reached
  2  wrong usage
TEXT
}

die() { # exit code, message
  printf '%s\n' "$2" >&2
  exit "$1"
}

# Reads NAME=VALUE lines as data: a file that is executed could do anything.
read_env_file() {
  local line name value
  [[ -r $1 ]] || die 2 "--env-file: $1 cannot be read."
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?(SUPABASE_[A-Z_]+)=(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    if [[ $value =~ ^\"([^\"]*)\" || $value =~ ^\'([^\']*)\' ]]; then
      value=${BASH_REMATCH[1]}
    else
      value=${value%%[[:space:]]#*}
      value=${value%"${value##*[![:space:]]}"}
    fi
    [[ -n ${!name:-} ]] || printf -v "$name" '%s' "$value"
  done <"$1"
}

# The report is JSON on one line. Prints a line per job, then the counts. Strings are walked through
# character by character, because a message may hold anything that looks like JSON.
summarize() {
  awk '
    function text(object, name,    at, rest, out, c) {
      at = index(object, "\"" name "\":\"")
      if (!at) return ""
      rest = substr(object, at + length(name) + 4)
      out = ""
      while (rest != "") {
        c = substr(rest, 1, 1)
        if (c == "\"") break
        if (c == "\\") { rest = substr(rest, 2); c = substr(rest, 1, 1); if (c ~ /[nrt]/) c = " " }
        out = out c
        rest = substr(rest, 2)
      }
      return out
    }
    function number(object, name) {
      if (!match(object, "\"" name "\":[0-9]+")) return 0
      return substr(object, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    }
    function job(object,    of, why) {
      of = text(object, "sceneId")
      if (of == "") of = text(object, "characterId")
      why = text(object, "url")
      if (index(object, "\"error\":{")) why = text(object, "code") ": " text(object, "message")
      printf "  %-9s  job %s%s  %s\n", text(object, "outcome"), text(object, "jobId"), \
        (of == "" ? "" : " (" of ")"), why
    }
    { report = report $0 }
    END {
      at = index(report, "\"jobs\":[")
      top = report
      if (at) {
        depth = 0; quoted = 0; start = 0
        for (i = at + 8; i <= length(report); i++) {
          c = substr(report, i, 1)
          if (quoted) {
            if (c == "\\") i++
            else if (c == "\"") quoted = 0
          } else if (c == "\"") quoted = 1
          else if (c == "{") { if (depth++ == 0) start = i }
          else if (c == "}") { if (--depth == 0) job(substr(report, start, i - start + 1)) }
          else if (c == "]" && depth == 0) break
        }
        top = substr(report, 1, at) substr(report, i + 1)
      }
      printf "  jobs: %d  succeeded: %d  failed: %d  retrying: %d  waiting: %d\n", \
        number(top, "claimed"), number(top, "succeeded"), number(top, "failed"), \
        number(top, "retrying"), number(top, "waiting")
      if (number(top, "waiting") + number(top, "retrying") > 0)
        print "  Some jobs are not finished: run this again in a while."
      exit (number(top, "failed") > 0)
    }'
}

# A problem (RFC 9457) tells what is wrong in its detail; gateways answer {"message": ...}.
explain() { # status, body
  local said=$2
  if [[ $2 =~ \"detail\":\"(([^\"\\]|\\.)*)\" || $2 =~ \"(message|msg)\":\"(([^\"\\]|\\.)*)\" ]]; then
    said=${BASH_REMATCH[1]}
    [[ $said == message || $said == msg ]] && said=${BASH_REMATCH[2]}
    said=${said//\\\"/\"}
  fi
  case $1 in
    401 | 403) printf '  refused (%s): %s\n' "$1" "$said" ;;
    404) printf '  not found (404): is the function deployed? %s\n' "$said" ;;
    504) printf '  no answer in time (504): the run goes on, its results come later\n' ;;
    546) printf '  the run was stopped for using too many resources (546)\n' ;;
    *) printf '  failed (%s): %s\n' "$1" "${said:0:500}" ;;
  esac >&2
}

run_function() { # name
  local reply status body
  printf '%s at %s\n' "$1" "${SUPABASE_URL%/}"
  # The key goes in through a pipe: arguments can be seen by everybody on the machine.
  if ! reply=$(curl --silent --show-error --max-time 600 --request POST --config - \
    --header 'content-type: application/json' --data "$BODY" --write-out '\n%{http_code}' \
    "${SUPABASE_URL%/}/functions/v1/$1" <<<"$HEADERS"); then
    die 1 "  $SUPABASE_URL cannot be reached"
  fi
  status=${reply##*$'\n'} body=${reply%$'\n'*}
  case $status in
    200 | 207) summarize <<<"$body" ;;
    *)
      explain "$status" "$body"
      return 1
      ;;
  esac
}

WHAT='' BODY='{}'
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --env-file=*) read_env_file "${1#*=}" ;;
    --env-file)
      [[ $# -ge 2 ]] || die 2 '--env-file needs a FILE.'
      read_env_file "$2"
      shift
      ;;
    --max-jobs=* | --max-jobs)
      count=${1#--max-jobs}
      if [[ -z $count ]]; then
        count=${2:-}
        [[ $# -lt 2 ]] || shift
      fi
      [[ ${count#=} =~ ^[1-9][0-9]{0,3}$ ]] || die 2 '--max-jobs needs a number from 1.'
      BODY="{\"maxJobs\":${count#=}}"
      ;;
    -*) die 2 "There is no flag $1. See ./process-queue.sh --help" ;;
    *)
      [[ -z $WHAT ]] || die 2 "One queue at a time, or all: $WHAT and $1 were given."
      WHAT=$1
      ;;
  esac
  shift
done

case $WHAT in
  images) functions=(process-image-generation) ;;
  videos) functions=(process-video-generation) ;;
  all) functions=(process-image-generation process-video-generation) ;;
  '')
    usage >&2
    exit 2
    ;;
  *) die 2 "There is no queue \"$WHAT\": images, videos or all." ;;
esac

[[ -n ${SUPABASE_URL:-} ]] ||
  die 2 'SUPABASE_URL is not set. It is the API URL in your project'\''s settings; the local stack (deno task start) writes it into .env.local: --env-file .env.local'
[[ $SUPABASE_URL =~ ^https?://[^[:space:]]+$ ]] || die 2 'SUPABASE_URL must be an http(s) URL.'
if [[ -n ${SUPABASE_SECRET_KEY:-} ]]; then
  KEY=$SUPABASE_SECRET_KEY KEY_NAME=SUPABASE_SECRET_KEY
else
  KEY=${SUPABASE_SERVICE_ROLE_KEY:-} KEY_NAME=SUPABASE_SERVICE_ROLE_KEY
fi
[[ -n $KEY ]] ||
  die 2 'SUPABASE_SECRET_KEY is not set (nor SUPABASE_SERVICE_ROLE_KEY). It is in your project'\''s settings, API Keys; the local stack writes one into .env.local: --env-file .env.local'
[[ $KEY =~ ^[A-Za-z0-9._~+/=-]+$ ]] || die 2 "$KEY_NAME is no key: it has characters that no key has."

# New secret keys are no JWTs and go into apikey alone; gateways want legacy keys in both headers.
HEADERS="header = \"apikey: $KEY\""
[[ $KEY == sb_* ]] || HEADERS+=$'\n'"header = \"authorization: Bearer $KEY\""

code=0
for name in "${functions[@]}"; do
  run_function "$name" || code=1
done
exit "$code"
