#!/bin/sh
# The namespace Gatehouse works in, made where it is missing.
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and RETENTION come from the environment.
set -eu

tries=30
until temporal operator cluster health; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "Temporal at $TEMPORAL_ADDRESS did not answer; see its log" >&2; exit 1; }
    sleep 2
done

# A closed workflow's history is what happened, for as long as it is kept; decisions stay in Gatehouse's own database.
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" \
    || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
