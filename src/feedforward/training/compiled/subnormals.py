"""Numbers below the smallest that is held in full precision count as 0 while a span trains.

A network that has learned its rows by heart gets gradients below 1e-38, for which processors take far longer: the last
epochs of a training took thirty times as long as the first. Nothing is lost: beside the weights they would change, such
numbers are 0.
"""

from platform import machine
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_X86 = machine().lower() in {"x86_64", "amd64"}  # others are left as they are: most have no such penalty
_FLUSH = 0x8040  # of the control register of x86: results and operands that small are 0


@intrinsic
def flush_subnormals(typing: Any) -> Any:
    """Let this thread take subnormal numbers for 0; return the mode that it had before."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if not _X86:
            return context.get_constant(types.uint32, 0)
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        _call(builder, "stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, ir.Constant(ir.IntType(32), _FLUSH)), slot)
        _call(builder, "ldmxcsr", slot)
        return before

    return types.uint32(), build


@intrinsic
def restore_mode(typing: Any, mode: Any) -> Any:
    """Give this thread back the mode that `flush_subnormals` returned."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if _X86:
            slot = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(context.cast(builder, values[0], signature.args[0], types.uint32), slot)
            _call(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(mode), build


def _call(builder: Any, name: str, slot: Any) -> None:
    """Read the control register into `slot`, or write it from there."""
    pointer = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.sse.{name}")
    builder.call(function, [builder.bitcast(slot, pointer)])
