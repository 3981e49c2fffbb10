import { closeLab } from '../../lab/index.ts'
import { startedForTests } from '../../lab/provided.ts'

/** Once after all tests: an engine that was started for them goes; one that somebody opened by hand stays. */
if (startedForTests()) await closeLab()
