"""Views that nobody counts: inside a compiled call its arguments outlive every view of them.

numba counts the references to each array, by atomic operations that took a quarter of the time of a small step, and
asks at each reshape whether it can be done. The first two functions say that it need not; the third, what is float32.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array


@intrinsic
def uncounted(typing: Any, array: Any) -> Any:
    """Return the same array, without an owner; slices of it have none either."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        view = make_array(signature.args[0])(context, builder, value=values[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), build


@intrinsic
def matrix(typing: Any, flat: Any, rows: Any, columns: Any) -> Any:
    """Return the numbers of a flat array as one of shape (rows, columns), without an owner; as many as there are."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        whole = signature.return_type
        source = make_array(signature.args[0])(context, builder, value=values[0])
        height, width = (
            context.cast(builder, value, kind, types.intp)
            for value, kind in zip(values[1:], signature.args[1:], strict=True)
        )
        stride = builder.mul(width, source.itemsize)
        view = make_array(whole)(context, builder)
        populate_array(
            view,
            data=source.data,
            shape=cgutils.pack_array(builder, [height, width]),
            strides=cgutils.pack_array(builder, [stride, source.itemsize]),
            itemsize=source.itemsize,
            meminfo=None,
        )
        return view._getvalue()

    return types.Array(flat.dtype, 2, "C")(flat, rows, columns), build


@intrinsic
def in_single(typing: Any, array: Any) -> Any:
    """Return whether the array is of float32; known when it is compiled, so the branch not taken costs nothing."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return context.get_constant(types.boolean, array.dtype == types.float32)

    return types.boolean(array), build
