#!/usr/bin/env bash
# The version stands once, in CMakeLists.txt: programs and package must say the same.
# Usage: version.sh VERSION PROGRAM...
set -euo pipefail
version=$1
shift
result=0
for program in "$@"; do
    said=$("$program" --version)
    if ! grep -qwF -- "$version" <<<"$said"; then
        echo "$program --version says '$said', not $version" >&2
        result=1
    fi
done
changelog=$(dirname "$0")/../../packaging/debian/changelog
packaged=$(sed -nE '1s/^hearsay \(([^)]+)\).*/\1/p' "$changelog")
if [ "$packaged" != "$version" ]; then
    echo "packaging/debian/changelog says '$packaged', not $version" >&2
    result=1
fi
exit "$result"
