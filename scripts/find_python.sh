#!/bin/sh
# Print the first Python on the path that the project runs on, or else any, for check_system.py to refuse.
for name in python3.11 python3.12 python3.13 python3; do
  if "$name" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    exec sh -c "command -v $name"
  fi
done
# One without ensurepip, which the system may be able to provide.
for name in python3.11 python3.12 python3.13; do
  "$name" -c '' 2>/dev/null && exec sh -c "command -v $name"
done
command -v python3
