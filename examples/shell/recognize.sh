#!/usr/bin/env bash
# recognize.sh [--engine NAME] [--stop-after PAGES] FILE
#
# Reads a document with ocr-sidecar: text on stdout, progress on stderr, Ctrl-C cancels. Needs bash 4
# and jq. The program is found on the PATH, or named by OCR_SIDECAR. Exit codes: 0 something was read,
# 1 nothing was, 2 wrong usage, 3 no daemon or no jq, 130 cancelled.
set -uo pipefail

engine=auto stop_after=-1 file=
usage() { echo "recognize.sh [--engine NAME] [--stop-after PAGES] FILE" >&2; exit 2; }
while (($#)); do
  case $1 in
    --engine) engine=${2-}; shift 2 || usage ;;
    --stop-after) stop_after=${2-}; shift 2 || usage ;;
    -*) usage ;;
    *) file=$1; shift ;;
  esac
done
[[ $file ]] || usage
[[ $file == /* ]] || file=$PWD/$file # a path on the wire is absolute

program=${OCR_SIDECAR:-ocr-sidecar}
for needed in "$program" jq; do
  command -v "$needed" >/dev/null || { echo "$needed is not installed, or not on the PATH" >&2; exit 3; }
done

# setsid, where there is one: a Ctrl-C is for this script to act on.
coproc DAEMON { exec $(command -v setsid) "$program"; }
# bash closes these when the daemon ends, which may be before its last lines are read: they are kept.
exec {from}<&"${DAEMON[0]}" {to}>&"${DAEMON[1]}"
coproc_to=${DAEMON[1]}
exec {coproc_to}>&- # or the daemon would not see the end of its stdin
pid=$DAEMON_PID
trap '' PIPE # a daemon that has ended is seen at the end of its stdout

job= n_pages=0 code=3
send() { # a method and its params, as `jq -n` takes them
  jq -nc --arg method "$1" --arg id "$1" "${@:3}" \
    "{jsonrpc: \"2.0\", id: \$id, method: \$method, params: $2}" >&"$to" 2>/dev/null
}
cancel() {
  [[ $job ]] || exit 130 # the end of its stdin ends the daemon
  send job/cancel '{job_id: $job}' --arg job "$job"
}
trap cancel INT

# What a line says: its method, or the id of its request, which here is a method too; its error; and
# the file of what no line has room for, `overflow` of a result or `path` of a job's notification.
facts='.method // .id // "", .error.message // "",
  (.result.overflow.path // (.params | select(.job_id?) | .path) // "")'
pick() { jq -r "(.params // .result // .) | $1" <<<"$told"; }

# The daemon then watches this script, and leaves with it however it ends.
send initialize '{host_pid: $pid}' --argjson pid $$
send document/info '{document: {path: $file}}' --arg file "$file"
send ocr/start '{document: {path: $file}, options: {engine: $engine}}' \
  --arg file "$file" --arg engine "$engine"

while IFS= read -r line <&"$from"; do
  { read -r what && read -r error && read -r path; } < <(jq -r "$facts" <<<"$line")
  if [[ $error ]]; then
    echo "$error" >&2
    [[ $what == initialize || $what == ocr/start ]] && { code=1; break; }
    continue
  fi
  if [[ $path ]]; then told=$(<"$path"); else told=$line; fi
  case $what in
    document/info) pick '"\(.page_count) pages"' >&2 ;;
    ocr/start) job=$(pick .job_id); echo "started $job" >&2 ;;
    job/progress) pick .message >&2 ;;
    job/page)
      pick '.text // .error.message // ""'
      ((++n_pages == stop_after)) && cancel
      ;;
    job/result | job/error)
      state=$(pick .state)
      echo "$state" >&2
      pick '.error.message // empty' >&2
      case $state in succeeded | partial) code=0 ;; cancelled) code=130 ;; *) code=1 ;; esac
      send shutdown '{}'
      ;;
    shutdown) break ;;
  esac
done

exec {to}>&- # the end of stdin ends the daemon, whatever came before
wait "$pid"
((code == 3)) && echo "The daemon has ended." >&2
exit "$code"
