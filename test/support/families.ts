import { createCgroups } from '../../src/host/cgroup.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { exporterOver } from './exporter.ts'

/** The names of all families of a scrape, from an exporter that has nothing to tell. */
export async function families(): Promise<string[]> {
  const metrics = exporterOver({ procfs: createProcfs(), cgroups: createCgroups(), containers: [] })
  const text = await metrics.render().then(String)
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
}
