#!/usr/bin/env bash
# Build the container images: scripts/images.sh [NAME ...], all of them without a name.
#
#   PREFIX   prefix of image names              (securetranscribe)
#   VERSION  tag of the images                  (0.1.0)
#   BASE     Python base image                  (python:3.11-slim-bookworm)
#   ENVOY    Envoy base image                   (envoyproxy/envoy:v1.36-latest)
#   DEVICE   cpu or cuda. With cuda, the workers' tags end in "-cuda"   (cpu)
#   MODELS   embedded, or none when the models come from a volume       (embedded)
#   TORCH_INDEX    package index for the build of torch, see services/diarizer/Dockerfile
#   BUILD_NETWORK  network of build steps       (default)
#   ENGINE   docker or podman                   (docker)
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${PREFIX:-securetranscribe}
version=${VERSION:-0.1.0}
device=${DEVICE:-cpu}
suffix=$([ "$device" = cuda ] && echo -cuda || true)
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
export DOCKER_BUILDKIT=1

build() { # name, Dockerfile, tag suffix, further options
  local image="$prefix/$1:$version$3" file=$2
  shift 3
  echo "==> $image"
  "${ENGINE:-docker}" build --network "${BUILD_NETWORK:-default}" \
    --build-arg BASE="${BASE:-python:3.11-slim-bookworm}" \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    "$@" -t "$image" -f "$file" .
}

build_one() {
  local models=(--build-arg MODELS="${MODELS:-embedded}")
  case $1 in
    gateway | speakers | exporter) build "$1" "services/$1/Dockerfile" "" ;;
    transcriber-api) build "$1" services/transcriber/Dockerfile "" --target api ;;
    transcriber-embedder) build "$1" services/transcriber/Dockerfile "" --target embedder ;;
    transcriber-worker)
      build "$1" services/transcriber/Dockerfile "$suffix" --target worker \
        --build-arg DEVICE="$device" "${models[@]}" ;;
    diarizer)
      build "$1" services/diarizer/Dockerfile "$suffix" \
        --build-arg TORCH_INDEX="${TORCH_INDEX:-}" "${models[@]}" ;;
    envoy)
      build "$1" deploy/envoy/Dockerfile "" \
        --build-arg ENVOY="${ENVOY:-envoyproxy/envoy:v1.36-latest}" ;;
    *) echo "there is no image $1" >&2; exit 2 ;;
  esac
}

[ $# -gt 0 ] || set -- gateway transcriber-api transcriber-worker transcriber-embedder diarizer speakers exporter \
  envoy
for name in "$@"; do build_one "$name"; done
