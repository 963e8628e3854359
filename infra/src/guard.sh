# Runs a command, and ends it when standard input closes: whoever started this let go of it, or died, however it died.
#   sh guard.sh SIGNAL FOLDER COMMAND...
# SIGNAL asks the command to end; 6 s later it is killed. FOLDER, when it is not empty, is deleted afterwards.
signal=$1 folder=$2
shift 2
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
# Nobody may be left to read what this shell has to say about it.
trap '' PIPE
(
  read -r _ <&3
  kill -s "$signal" "$child"
  for _ in $(seq 60); do kill -0 "$child" 2>/dev/null || exit 0; sleep 0.1; done
  kill -s KILL "$child"
) 2>/dev/null &
watcher=$!
wait "$child" 2>/dev/null
status=$?
kill "$watcher" 2>/dev/null
if [ -n "$folder" ]; then rm -rf -- "$folder"; fi
exit "$status"
