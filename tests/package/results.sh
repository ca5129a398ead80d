# shellcheck shell=bash
# Sourced by the package checks: says how each went and counts them in the file $RESULTS.

heading() { printf '== %s\n' "$*"; }
pass() { printf 'ok       %s\n' "$*" | tee -a "$RESULTS"; }
fail() { printf 'FAILED   %s\n' "$*" | tee -a "$RESULTS"; }
skip() { printf 'skipped: %s\n' "$*" | tee -a "$RESULTS"; }

# Prints what counted, and fails when something failed or nothing passed.
closing_line() {
    local passed failed skipped
    passed=$(grep -c '^ok ' "$RESULTS" || true)
    failed=$(grep -c '^FAILED ' "$RESULTS" || true)
    skipped=$(grep -c '^skipped: ' "$RESULTS" || true)
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
