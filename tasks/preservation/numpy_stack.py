"""What the last bits of numpy's float32 arithmetic depend on, on this machine."""

import ctypes
import functools
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np


def stack() -> dict[str, str]:
    """What the numbers of the numpy runner depend on, on this machine: name to value.

    Equal stacks give equal logits to the last bit; others may differ by rounding.
    """
    shown = cast(dict[str, Any], np.show_config(mode="dicts"))
    blas = shown.get("Build Dependencies", {}).get("blas", {})
    found = shown.get("SIMD Extensions", {}).get("found", [])
    return {
        "program": f"emeritus {version('emeritus')}, numpy runner",
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "blas_kernel": _kernel() or f"unknown, on {_cpu_model()}",
        "blas_threads": "1" if _openblas() else f"unknown, on {os.cpu_count()} processors",
        "tokenizers": version("tokenizers"),
        "dtype": "float32",
        "machine": platform.machine(),
        "cpu_features": " ".join(found),
        "python": platform.python_version(),
    }


@contextmanager
def single_threaded() -> Iterator[None]:
    """Products of matrices on one core, where numpy came with OpenBLAS.

    How many cores share a sum decides its last bits; and small products gain nothing from two.
    """
    library = _openblas()
    if library is None:
        yield
        return
    before = int(library.scipy_openblas_get_num_threads64_())
    library.scipy_openblas_set_num_threads64_(1)
    try:
        yield
    finally:
        library.scipy_openblas_set_num_threads64_(before)


@functools.cache
def _openblas() -> ctypes.CDLL | None:
    """The OpenBLAS inside numpy's wheel; None where numpy came with another, or without."""
    site = Path(np.__file__).parents[1]
    for path in [*site.glob("numpy.libs/*openblas*"), *site.glob("numpy/.dylibs/*openblas*")]:
        library = ctypes.CDLL(str(path))
        if hasattr(library, "scipy_openblas_set_num_threads64_"):
            return library
    return None


def _kernel() -> str:
    """The processor whose code OpenBLAS chose, such as `Haswell`: it orders the sums."""
    ask = getattr(_openblas(), "scipy_openblas_get_corename64_", None)
    if ask is None:
        return ""
    ask.restype = ctypes.c_char_p
    return str(ask().decode())


def _cpu_model() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "an unknown processor"
