#!/bin/sh
# PID 1 is a plain shell in `wait`, as in the gateway this imitates: it reaps what it adopts, but ends no orphan.
node gateway.ts &
gateway=$!
signalled=
trap 'signalled=1; kill -TERM "$gateway" 2>/dev/null' TERM INT

# A trapped signal interrupts `wait` with a code of its own; only an undisturbed one brings the gateway's.
while :; do
  wait "$gateway"
  code=$?
  [ -n "$signalled" ] || exit "$code"
  signalled=
done
