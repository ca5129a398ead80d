#!/usr/bin/env bash
# Builds the Debian package from the files git knows or would add, and leaves it in build/deb.
# DEB_BUILD_OPTIONS=nocheck leaves the unit tests out.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$PWD/build/deb
version=$(sed -nE 's/^project\(hearsay VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
packaged=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
if [ "$version" != "$packaged" ]; then
    echo "build_deb: CMakeLists.txt says $version, packaging/debian/changelog $packaged" >&2
    exit 1
fi

tree=$out/hearsay-$version
rm -rf "$out"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from=- | tar --extract --directory "$tree"
cp -a packaging/debian "$tree/debian"

# debhelper gives the build another home; the compiler cache stays where it was.
CCACHE_DIR=${CCACHE_DIR:-$(ccache --get-config cache_dir 2>/dev/null || echo "$out/ccache")}
export CCACHE_DIR
log=$out/build.log
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign) >"$log" 2>&1 </dev/null ||
    {
        grep -nE -A8 'CMake Error|FAILED|error:|\*\*\*' "$log" | head -n 80 >&2
        echo "build_deb: failed; the whole output is in $log" >&2
        exit 1
    }
rm -rf "$tree"
ls -1sh "$out"/*.deb
