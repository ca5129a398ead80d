#!/usr/bin/env bash
# What a reviewer should not have to say: source rules, formatting, shell scripts, clang-tidy.
# Usage: lint.sh [--all | FILE...]; without either, the files changed since the main branch.
# Formatting and clang-tidy are reported, source rules and shell scripts must be clean.
set -euo pipefail
cd "$(dirname "$0")/.."

changed() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD~ 2>/dev/null || git rev-parse HEAD)
    { git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u
}

case ${1:-} in
    --all) mapfile -t files < <(git ls-files --cached --others --exclude-standard) ;;
    "") mapfile -t files < <(changed) ;;
    *) files=("$@") ;;
esac
of_kind() { printf '%s\n' "${files[@]}" | grep -E "$1" || true; }
mapfile -t sources < <(of_kind '\.(h|hpp|c|cc)$')
mapfile -t units < <(of_kind '\.cc$')
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard | while read -r file; do
    [ -f "$file" ] && head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -qE '^#!.*(bash|/sh)' && echo "$file"
done)

result=0
echo "== source rules"
python3 tests/tidy.py || result=1

echo "== shell scripts (${#scripts[@]})"
shellcheck --severity=warning --external-sources "${scripts[@]}" || result=1

if [ ${#sources[@]} -gt 0 ]; then
    echo "== formatting (${#sources[@]} files, report only)"
    clang-format --dry-run "${sources[@]}" 2>&1 | grep -c 'warning: code should' |
        sed 's/$/ places clang-format would write otherwise (clang-format -i FILE does)/' || true
fi

if [ ${#units[@]} -gt 0 ]; then
    echo "== clang-tidy (${#units[@]} files, report only)"
    cmake --preset dev >/dev/null
    # Generated headers have to be there before anything that includes them can be read.
    cmake --build build/dev --target hearsay_wire >/dev/null
    printf '%s\0' "${units[@]}" |
        xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p build/dev 2>/dev/null || true
fi

[ "$result" -eq 0 ] || { echo "== not clean"; exit 1; }
echo "== clean"
