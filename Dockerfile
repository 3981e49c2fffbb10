# check=skip=SecretsUsedInArgOrEnv
# (PIDWARDEN_TOKEN_FILE is a path, no secret.)

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script runs: what is native comes as a package per platform.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
LABEL pidwarden.stack=pidwarden
WORKDIR /app
# One arena of malloc for all threads: with several of them more than 10 MiB of what strips the types are never given back.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    PIDWARDEN_HOST=0.0.0.0 \
    PIDWARDEN_JOURNAL=/var/lib/pidwarden/journal.db \
    PIDWARDEN_TOKEN_FILE=/run/pidwarden/token
# New volumes take over these folders' owner and mode: only root, and Alertmanager's group for the token, get in.
RUN mkdir -p /var/lib/pidwarden /run/pidwarden \
 && chown 0:65534 /run/pidwarden \
 && chmod 0700 /var/lib/pidwarden \
 && chmod 0750 /run/pidwarden
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
EXPOSE 3001
# Root, because capabilities need it: reading what other users' processes are (SYS_PTRACE, DAC_READ_SEARCH) and ending
# them (KILL) survive for uid 0 only. Everything else is dropped in compose.yaml. Group 65534 is Alertmanager's.
USER 0:65534
# Starts a whole Node, so it runs seldom once the service is up.
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=30s --start-interval=1s \
  CMD ["node", "--max-semi-space-size=1", "-e", "fetch(`http://127.0.0.1:${process.env.PIDWARDEN_PORT || 3001}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# One helper thread for V8: the collector waits for all of them, also for one that has to wait for a processor.
ENTRYPOINT ["node", "--max-semi-space-size=2", "--optimize-for-size", "--no-memory-reducer", "--v8-pool-size=1", "src/main.ts"]
