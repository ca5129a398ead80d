"""What these tests ask of the machine: Debian's own Python and its modules."""
import importlib
import sys

SKIPPED = 77  # the exit code that ctest takes for "could not run here"


def require(*modules):
    """Ends the test as skipped when a module is missing; ./dev test installs them."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            print(f"skipped: {sys.executable} has no module {module} (apt install "
                  f"python3-{module})")
            sys.exit(SKIPPED)
