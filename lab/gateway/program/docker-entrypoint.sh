#!/bin/sh
# PID 1 is dash in `wait`: it reaps what it adopts, ends no orphan, and goes with the gateway and its exit code.
# GATEWAY_ZOMBIES: so many children of the gateway that it does not know of, and so never waits for: they end
# after `exec`.
set -e
(
  left=${GATEWAY_ZOMBIES:-0}
  while [ "$left" -gt 0 ]; do
    sleep 0.5 &
    left=$((left - 1))
  done
  exec node gateway.js
) &
gateway=$!
trap 'kill -TERM "$gateway" 2>/dev/null' TERM INT

code=0
wait "$gateway" || code=$?
# A trapped signal interrupts `wait`; the second one waits for the gateway to end.
while kill -0 "$gateway" 2>/dev/null; do wait "$gateway" || code=$?; done
exit "$code"
