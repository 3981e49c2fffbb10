import { ownEngineSocket } from '../lab/engine/lifecycle.ts'
import { answers, machineSocket } from '../lab/engine/socket.ts'
import { ensureImages } from '../lab/images.ts'
import { type Lab, openLab } from '../lab/index.ts'
import { LabError, reason } from '../lab/system/error.ts'
import { NotMeasured } from './benchmark.ts'

/** The lab with a Docker engine that has these images; NotMeasured when this machine cannot provide it. */
export async function theLab(images: readonly string[], log: (line: string) => void): Promise<Lab> {
  try {
    const lab = await openLab({ log })
    for (const { name, how, reason: why = '' } of await ensureImages(lab, images, { log })) {
      if (how === 'missing') throw new NotMeasured(`no image ${name}: ${why}`)
    }
    return lab
  } catch (error) {
    if (error instanceof LabError) throw new NotMeasured(reason(error))
    throw error
  }
}

/** Whether an engine answers already: the lab's own, or the machine's. */
export async function engineAnswers(): Promise<boolean> {
  if ((await ownEngineSocket()) !== undefined) return true
  const socket = machineSocket()
  return socket !== undefined && (await answers(socket))
}
