import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceLink, writeWhole } from '../system/files.ts'
import { folder } from '../system/paths.ts'

/** Around the job's output on the console; after the second comes the job's exit code. */
export const markers = { begin: 'VM-JOB-BEGIN', end: 'VM-JOB-END' }

/** Nothing of this is needed for a minute's life, and under emulation all of it takes time. */
export const masked = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'fstrim.timer'],
  ...['getty.target', 'systemd-logind.service', 'systemd-pstore.service', 'remote-fs.target'],
  ...['ldconfig.service', 'systemd-hwdb-update.service', 'systemd-journal-catalog-update.service'],
  ...['systemd-firstboot.service', 'systemd-update-done.service', 'systemd-networkd.service'],
  // The kernel makes the nodes of both disks; nothing waits for the names that udev would add.
  ...['systemd-udev-trigger.service', 'systemd-random-seed.service', 'systemd-user-sessions.service'],
  ...['sys-kernel-config.mount', 'sys-fs-fuse-connections.mount', 'sys-kernel-debug.mount'],
  ...['sys-kernel-tracing.mount', 'dev-hugepages.mount', 'dev-mqueue.mount'],
]

/**
 * The second disk is the job: its `job.sh` runs when Docker is up. No journal stands between a file that it wrote and
 * the disk after `sync`; the first disk is thrown away.
 */
const runJob = `#!/bin/sh
exec >/dev/ttyS0 2>&1
mkdir -p /job && mount -o noatime /dev/vdb /job && cd /job || exec systemctl poweroff -ff
echo ${markers.begin}
/bin/sh ./job.sh
echo ${markers.end} $?
sync
exec systemctl poweroff -ff
`

const jobService = `[Unit]
After=docker.service
Requires=docker.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/usr/local/sbin/run-job
`

/** What is different from a plain installation: the job runs at boot, and what only costs time does not. */
export const files: Readonly<Record<string, string>> = {
  'etc/fstab': '/dev/vda / ext4 noatime 0 0\n',
  'etc/hostname': 'vm\n',
  // Without one it is the machine's first boot, and that takes longer.
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'usr/local/sbin/run-job': runJob,
  'etc/systemd/system/job.service': jobService,
  // Containers talk to this machine only, over the bridge.
  'etc/docker/daemon.json': '{ "iptables": false, "ip6tables": false }\n',
}

/** Writes files below a root. */
export function place(root: string, contents: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(contents)) writeWhole(join(root, path), text)
}

/** Makes a plain installation the lab's. */
export function customise(root: string): void {
  place(root, files)
  chmodSync(join(root, 'usr/local/sbin/run-job'), 0o755)
  const system = join(root, 'etc/systemd/system')
  replaceLink('../job.service', join(folder(join(system, 'multi-user.target.wants')), 'job.service'))
  for (const unit of masked) replaceLink('/dev/null', join(system, unit))
  const archives = join(root, 'var/cache/apt/archives')
  for (const name of readdirSync(archives)) rmSync(join(archives, name), { recursive: true })
}
