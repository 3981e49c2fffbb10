# What another program than pidwarden reads: ps, and the files of each container's cgroup. A line for each number:
# container, key, value. $1 lists the containers: id and name. Few processes, because each costs much under emulation.
set -f
folders=$(find /sys/fs/cgroup -type d \( -false $(sed 's/^\([^ ]*\) .*/-o -name *\1*/' "$1") \) -prune)
files=
for folder in $folders; do
  for file in pids.current pids.max pids.peak pids.events pids.events.local cgroup.events cpu.max cpu.stat \
    memory.current memory.max memory.low memory.peak memory.swap.current memory.swap.max memory.stat memory.events; do
    files="$files $folder/$file"
  done
done
ps -e -ww -o pid=,stat=,nlwp=,lstart=,cgroup= >/tmp/ps.$$
awk -v list="$1" -v ps="/tmp/ps.$$" '
  FILENAME == list { name[$1] = $2; processes[$1] = threads[$1] = zombies[$1] = procs[$1] = 0; next }
  FNR == 1 { for (id in name) if (index(FILENAME, id)) { own = id; file = FILENAME; sub(/.*\//, "", file) } }
  FNR == 1 && file == "pids.current" { print name[own], "cgroup", substr(FILENAME, 15, length(FILENAME) - 27) }
  FILENAME == ps {
    for (id in name) if (index($0, id)) {
      if ($2 ~ /^Z/) zombies[id]++
      else { processes[id]++; threads[id] += $3; print name[id], "process", $1, $4, $5, $6, $7, $8 }
    }
    next
  }
  file == "cgroup.procs" { procs[own]++; next }
  NF == 1 || file == "cpu.max" { print name[own], file, $0; next }
  { print name[own], file "." $1, $2 }
  END {
    for (id in name) {
      print name[id], "ps.processes", processes[id]
      print name[id], "ps.threads", threads[id]
      print name[id], "ps.zombies", zombies[id]
      print name[id], "procs", procs[id]
    }
  }
' "$1" /tmp/ps.$$ $files $(find $folders -name cgroup.procs)
rm /tmp/ps.$$
