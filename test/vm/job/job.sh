# Runs in the virtual machine, where Docker is up and /job is the folder that the host staged.
set -e
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ln -sf /job/node /usr/local/bin/node
docker import --change 'WORKDIR /app' --change 'ENV PATH=/usr/local/bin:/bin' image.tar vm-job:latest >/dev/null
echo "$(cut -d' ' -f1 /proc/uptime) s after the start of the machine: the image is imported"
node /job/repository/test/vm/job/main.ts /job/repository /job/out && exit
code=$?
tail -n 20 out/pidwarden.log 2>/dev/null
exit $code
