import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Observer } from './census/observe.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { IntakePorts } from './remediation/intake.ts'
import type { OrderPorts } from './remediation/order.ts'
import { type ActingPorts, actingRoutes } from './routes/acting.ts'
import { requireToken } from './routes/auth.ts'
import { containerRoutes } from './routes/containers.ts'
import { eventRoute } from './routes/events.ts'
import { type HealthPorts, healthRoutes } from './routes/health.ts'
import { type IncidentPorts, incidentRoutes } from './routes/incidents.ts'
import { metricsRoute } from './routes/metrics.ts'
import { documentRoutes, needsToken, openapiRoute } from './routes/openapi.ts'
import { orderRoutes } from './routes/orders.ts'
import { brokenRequest, frameworkProblem, installProblems } from './routes/problem.ts'
import { runRoutes } from './routes/runs.ts'
import { type CompletionPorts, webhookRoute } from './routes/webhook.ts'

/** The parts that the HTTP side is made from. */
export interface AppPorts extends HealthPorts {
  readonly observer: Observer
  readonly metrics: Metrics
  readonly intake: IntakePorts
  readonly acting: ActingPorts
  readonly orders: OrderPorts
  readonly completion: CompletionPorts
  readonly standing: IncidentPorts['standing']
  readonly token: string
  /** True once what an earlier start left behind is in order; alerts wait for it. */
  readonly recovered: () => boolean
  readonly logger: FastifyBaseLogger
}

/** The HTTP side of pidwarden. Never listens: the caller does. */
export function buildApp(ports: AppPorts): FastifyInstance {
  const app = Fastify({
    loggerInstance: ports.logger,
    // A line for every scrape tells nothing; errors are logged where they are handled.
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: frameworkProblem,
    clientErrorHandler: brokenRequest(ports.logger),
    connectionTimeout: 30_000,
    requestTimeout: 30_000,
    // Nothing waits for anything but the processor while the routes are made, and that may be slow: a tenth of a core, or
    // a host that drowns. Fastify would give up after ten seconds.
    pluginTimeout: 0,
    // As long as the schemas let a container's name be.
    routerOptions: { maxParamLength: 300 },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    // The schemas of answers are there to be read: one that is behind must not make a field disappear.
    .setSerializerCompiler(() => JSON.stringify)
  // Fastify takes plain text as well; nothing here does.
  app.removeContentTypeParser('text/plain')
  installProblems(app)
  documentRoutes(app, ports.version)
  app.register(async (open) => {
    await open.register(metricsRoute(ports.metrics))
    await open.register(healthRoutes(ports))
  })
  app.register(async (closed) => {
    closed.addHook('onRequest', requireToken(ports.token))
    closed.addHook('onRoute', needsToken)
    await closed.register(webhookRoute(ports.intake, ports.completion, ports.inventory, ports.recovered))
    await closed.register(runRoutes(ports.journal))
    await closed.register(incidentRoutes(ports))
    await closed.register(eventRoute(ports.journal))
    await closed.register(actingRoutes(ports.acting))
    await closed.register(orderRoutes(ports.orders))
    await closed.register(containerRoutes(ports.inventory, ports.observer))
    await closed.register(openapiRoute)
  })
  return app
}
