#!/bin/sh
set -e
if kubectl get configmap settings-old; then
  kubectl delete configmap settings-old
fi
