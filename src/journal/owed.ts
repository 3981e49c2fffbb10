/**
 * Conditions in SQL on an effect `owed` of which something is left to do. Whoever asks for it and whoever forgets what is
 * over have the same: `owed` stands for a row of effects.
 */

/** As the index has it, word for word: SQLite does not see by itself that it holds for one kind of them. */
const lasting = `owed.kind IN ('stop', 'clamp', 'cap', 'pause')`

/** It was stopped, and no start of the same container is known to have brought it up. */
export const aDebt = `${lasting} AND owed.kind = 'stop' AND owed.life IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM effects AS later WHERE later.step_id = owed.step_id AND later.id > owed.id
    AND later.kind = 'start' AND later.result = 'done' AND later.container_id IS owed.container_id)`

/** It was done for a while, and is not known to be taken back. */
export const aTemporary = `${lasting} AND owed.kind <> 'stop'
  AND (owed.result IS NULL OR owed.result = 'done' OR owed.result LIKE 'failed:%') AND NOT EXISTS (
  SELECT 1 FROM effects AS later WHERE later.step_id = owed.step_id AND later.id > owed.id
    AND later.kind = 'un' || owed.kind AND later.result IN ('done', 'gone', 'changed'))`

/** A container was renamed out of the way, and neither has it its name back nor was it removed. */
export const aRecreation = `owed.kind = 'rename' AND owed.details IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM effects AS later WHERE later.step_id = owed.step_id AND later.id > owed.id
    AND later.container_id IS owed.container_id AND later.result IN ('done', 'gone', 'changed')
    AND (later.kind = 'remove' OR (later.kind = 'rename' AND later.details IS NULL)))`

/** It lost its network by a restart, and is not known to have it again. */
export const aStray = `owed.kind = 'stray' AND owed.result IS NULL`

/** Any of it. */
export const anythingOwed = [aDebt, aTemporary, aRecreation, aStray].map((one) => `(${one})`).join(' OR ')
