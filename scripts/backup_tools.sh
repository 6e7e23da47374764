# Sourced by backup.sh and restore.sh: run the Postgres programs and the object backup, here or in containers.

pg() { # program, its arguments
  local program=$1
  shift
  if [ -n "${COMPOSE:-}" ]; then
    docker compose exec -T postgres "$program" --username=postgres "$@"
  else
    "$program" "$@"
  fi
}

objects() { # save or restore, a directory
  if [ -n "${COMPOSE:-}" ]; then
    docker compose run --rm -T --no-deps --user "$(id -u):$(id -g)" --volume "$2:$2" \
      --entrypoint "python -m common.object_backup" setup "$1" "$2"
  else
    "${PYTHON:-python}" -m common.object_backup "$1" "$2"
  fi
}
