/**
 * Condition in SQL on an effect with its run: the container of the run was restarted by it, or started where it had ended
 * by itself. Recreated in the course of the run it has the id that came of its name, and is still that container; others
 * that are restarted with it are not.
 */
export const aRestart = `(effects.kind = 'stop' OR (effects.kind = 'start' AND effects.life IS NOT NULL))
  AND (effects.container_id IS NULL OR effects.container_id IN (
    SELECT made.result FROM steps AS own JOIN effects AS made ON made.step_id = own.id
    WHERE own.run_id = runs.id AND made.kind = 'create' AND made.object = runs.name))`
