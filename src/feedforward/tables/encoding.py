"""TableEncoder: a table of mixed columns to a matrix of numbers that a network can read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from feedforward.errors import InputError, InputTypeError
from feedforward.tables.categories import LevelColumn, fit_category
from feedforward.tables.columns import DroppedColumn, FittedColumn, NumberColumn
from feedforward.tables.dates import COMPACT, ISO, DateColumn, formats_of, likeliest, whole_as_text
from feedforward.tables.frames import array_to_table, frame_to_table, is_frame, refuse_repeated_names
from feedforward.tables.kinds import checked_kinds
from feedforward.tables.layout import Block, Layout
from feedforward.tables.scaling import SCALINGS
from feedforward.tables.spikes import most_of_each
from feedforward.tables.state import columns_from_state, columns_to_state
from feedforward.tables.surprises import Surprises
from feedforward.tables.values import decoded, holding
from feedforward.validation import COUNT, NONE, SWITCH, Rule, check_settings, explained_for, one_of, unmasked

_RULES = {
    "scaling": one_of(*SCALINGS),
    "max_categories": COUNT,
    "embed_above": NONE | COUNT,
    "date_parts": SWITCH,
    "spikes": SWITCH,
    "kinds": NONE | Rule("a dict from column name to kind", lambda value: isinstance(value, Mapping)),
}
_OPTIONAL = {
    "embed_above",
    "date_parts",
    "spikes",
}  # settings that older files do not have, nor newer ones where they are the default
_KIND_OF = {"number": "number", "boolean": "boolean", "text": "category", "date": "date"}


class TableEncoder(TransformerMixin, BaseEstimator):
    """Turn a table of numbers, text, booleans and dates into a matrix of float64.

    ==========  ====================================================================================================
    kind        becomes
    ==========  ====================================================================================================
    number      (x - mean) / standard deviation; a missing value is the median of training
    boolean     0 or 1; a missing value is the more common one
    date        days since 1970-01-01 (UTC where there is a zone), then as a number; times and durations likewise;
                ``YYYY-MM-DD``, ``YYYY/MM/DD``, ``DD.MM.YYYY``, ``MM/DD/YYYY``, ``DD/MM/YYYY``, ``DD Mon YYYY`` and
                ``Mon DD, YYYY`` if text is to be read, and ``YYYYMMDD``, whole numbers too, if they are declared
    category    one 0/1 column a level, the most frequent first; text and categorical columns are of this kind
    empty       zeros: training had no value
    drop        nothing
    ==========  ====================================================================================================

    Rows are counted from 0 in messages. Missing values get a 0/1 column of their own, ``name (missing)``, where
    training had some, and only there. Beyond `max_categories` the rarer levels share ``name (other)``; a value never
    seen goes there too, or else is 0 in every column. Statistics are those of the values present. Columns constant in
    training are always 0, scaled values at most 3.4e38, so that they fit float32. Text in which more than 100 values,
    and nine of ten, differ is taken for an identifier or free text, and refused unless declared.

    Deep networks of tables learn best from what `scaling` "smooth_clip" makes, as RealMLP has it (arXiv:2407.04491): a
    number u = (x - median) / interquartile range becomes u / sqrt(1 + (u/3)²), which stays within ±3. Booleans, marks
    of missing values and the 0/1 columns of categories are scaled and clipped likewise. A category of two levels then
    becomes one column, -1 for the more frequent and 1; no level has ``(other)`` or ``(missing)``: such a value is 0 in
    every column of its category before these are scaled. With "smooth_clip" or `embed_above` the matrix has all numbers
    first, then all flags, then all codes; else the columns of a table stay side by side.

    Parameters
    ----------
    scaling : {"standard", "robust", "smooth_clip", "none"}, default "standard"
        Of numbers and dates: by mean and standard deviation, by median and interquartile range, by these and a smooth
        clip, of flags too, or not at all.
    max_categories : int, default 50
        Most levels a category column keeps.
    embed_above : int, default None
        A category of more levels than this becomes one column of codes, to be embedded: 1 for the most frequent level,
        and so on; 0 for a value that is missing, never seen, or of a level beyond `max_categories`.
    date_parts : bool, default False
        Whether a column of dates becomes, beside days, a number for each part of the calendar that varies in training:
        year, month, day of month, day of week (0 is Monday), day of year, hour, minute. Text of which every cell is a
        date is then taken for dates.
    spikes : bool, default False
        Whether a number that is mostly one value, and else mostly one of a few, becomes, beside itself, a 0/1 column,
        ``name=value``, for each of these: values in at least 8 rows, 48 at most. Half of the values must be the one,
        half of the others among the few. Numbers that are the same in float32 are the same. In a table of more than 256
        such values, columns that have many keep fewer, or, where there are hundreds of columns, none. A gain that most
        have not had is such a number: which one it is often says more than how large it is.
    kinds : dict, default None
        From column name (``x0``, ``x1``, ... for arrays) to "number", "category", "boolean", "date" or "drop", where
        the type of a column does not tell. Text is then read as such; what is dropped may hold anything.

    Attributes
    ----------
    kinds_ : dict
        From column name to its kind, as used.
    columns_ : dict
        From column name to what was fitted.
    blocks_ : list of Block
        Which columns of the matrix are numbers, which flags, and which codes of how many levels.
    text_columns_ : list of str
        The category columns of text: what to give `read_table` for a file to be transformed.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : array of str
        Their names, where all are strings.

    Raises
    ------
    SettingError
        From ``fit``, if a setting, a column or a kind is unknown.
    InputError
        If columns are missing, extra, reordered, of another type than in training, or hold infinity.

    Examples
    --------
    >>> table = pa.table({"size": [1.0, 3.0, None], "colour": ["red", "blue", "red"]})
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['size', 'size (missing)', 'colour=red', 'colour=blue']
    >>> encoder.transform(table)
    array([[-1.,  0.,  1.,  0.],
           [ 1.,  0.,  0.,  1.],
           [ 0.,  1.,  1.,  0.]])
    """

    def __init__(
        self,
        *,
        scaling: str = "standard",
        max_categories: int = 50,
        embed_above: int | None = None,
        date_parts: bool = False,
        spikes: bool = False,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        self.scaling = scaling
        self.max_categories = max_categories
        self.embed_above = embed_above
        self.date_parts = date_parts
        self.spikes = spikes
        self.kinds = kinds

    def fit(self, X: Any, y: Any = None) -> "TableEncoder":
        """Learn kinds, statistics and levels from a table.

        Parameters
        ----------
        X : DataFrame or array of shape (n, m)
            pandas, polars, pyarrow, or any other that narwhals knows; arrays and lists may mix types by column. What a
            masked array masks is missing; intervals of pandas, as ``pandas.cut`` makes them, are categories.
        y : None
            Ignored: scikit-learn passes it.

        Returns
        -------
        self
        """
        check_settings(self, _RULES)
        table = self._table(X, reset=True)
        kinds = checked_kinds(self.kinds, table.column_names)
        self.columns_ = {
            name: self._fitted(table.column(place), name, kinds.get(name))
            for place, name in enumerate(table.column_names)
        }
        self._share_out_spikes()
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return the table as numbers.

        Parameters
        ----------
        X : DataFrame or array of shape (n, m)
            With the columns of training, in their order.

        Returns
        -------
        array of shape (n, number of names of get_feature_names_out)
        """
        check_is_fitted(self, "columns_")
        table = self._table(X, reset=False)
        layout = self._layout()
        out = np.empty((table.num_rows, layout.width))
        for column, (name, fitted), values, marks in zip(
            table.columns, self.columns_.items(), layout.values, layout.marks, strict=True
        ):
            fitted.write(decoded(column), name, out[:, values], out[:, marks])
        return out

    def surprises(self, X: Any) -> list[str]:
        """Say what a table holds that training never saw, and `transform` takes for something else.

        That is: values of a category that are new, columns without any value, gaps where training had none.

        Parameters
        ----------
        X : DataFrame or array of shape (n, m)
            As `transform` takes it.

        Returns
        -------
        list of str
            A sentence for each such column; of more than ten of a sort, the rest together.

        Examples
        --------
        >>> encoder = TableEncoder().fit(pa.table({"size": [1.0, 3.0]}))
        >>> print(*encoder.surprises(pa.table({"size": [None, 2.0]})))
        column 'size': 1 of 2 rows holds no value, first in row 0 (counted from 0), and in training all did. A gap is
        taken for the median of training.
        """
        check_is_fitted(self, "columns_")
        found = Surprises(self.columns_)
        found.add(self._table(X, reset=False))
        return found.sentences()

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return a name for each column of the matrix.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names for the columns of training, if it had none.
        """
        check_is_fitted(self, "columns_")
        names = _check_feature_names_in(self, input_features)
        layout = self._layout()
        labels = np.empty(layout.width, dtype=object)
        taken: set[str] = set()
        for name, column, values, marks in zip(names, self.columns_.values(), layout.values, layout.marks, strict=True):
            for place, label in zip(np.r_[values, marks], column.labels(name), strict=True):
                while label in taken:  # a column may itself be called "size (missing)"
                    label += "'"
                taken.add(label)
                labels[place] = label
        return labels

    def describe(self) -> list[tuple[str, str, str]]:
        """Return for each column its name, the kind it was taken for, and details in words.

        Examples
        --------
        >>> TableEncoder().fit(pa.table({"colour": ["red", "blue", "red"]})).describe()
        [('colour', 'category', '2 levels: red, blue')]
        """
        check_is_fitted(self, "columns_")
        return [(name, column.kind, column.details()) for name, column in self.columns_.items()]

    @property
    def kinds_(self) -> dict[str, str]:
        """From column name to its kind, as used."""
        check_is_fitted(self, "columns_")
        return {name: column.kind for name, column in self.columns_.items()}

    @property
    def text_columns_(self) -> list[str]:
        """The category columns of text."""
        check_is_fitted(self, "columns_")
        columns = self.columns_.items()
        return [name for name, column in columns if isinstance(column, LevelColumn) and column.holds == "text"]

    @property
    def read_as_(self) -> dict[str, str]:
        """What to read the columns of a file as, for `read_batches`."""
        check_is_fitted(self, "columns_")
        return {name: column.read_as for name, column in self.columns_.items() if column.read_as is not None}

    @property
    def blocks_(self) -> list[Block]:
        """Which columns of the matrix are numbers, which flags, and which one is a column of codes.

        Examples
        --------
        >>> table = pa.table({"size": [1.0, 3.0, None], "colour": ["red", "blue", "green"]})
        >>> for block in TableEncoder(scaling="smooth_clip", embed_above=2).fit(table).blocks_:
        ...     print(block)
        Block(kind='number', first=0, stop=1, levels=0)
        Block(kind='flag', first=1, stop=2, levels=0)
        Block(kind='code', first=2, stop=3, levels=4)
        """
        check_is_fitted(self, "columns_")
        return self._layout().blocks

    # Storing -------------------------------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
        """Return all that was set and fitted: facts that JSON can write, and arrays by name.

        Examples
        --------
        >>> facts, arrays = TableEncoder().fit(pa.table({"colour": ["red", "blue", "red"]})).get_state()
        >>> facts["columns"][0]["levels"], sorted(arrays)
        ([['str', 'red'], ['str', 'blue']], ['center', 'fill', 'scale'])
        >>> TableEncoder.from_state(facts, arrays).kinds_
        {'colour': 'category'}
        """
        check_is_fitted(self, "columns_")
        columns, arrays = columns_to_state(self.columns_)
        facts = {
            "scaling": str(self.scaling),
            "max_categories": int(self.max_categories),
            **({} if self.embed_above is None else {"embed_above": int(self.embed_above)}),
            **({"date_parts": True} if self.date_parts else {}),
            **({"spikes": True} if self.spikes else {}),
            "kinds": None if self.kinds is None else {str(name): str(kind) for name, kind in self.kinds.items()},
            "named": hasattr(self, "feature_names_in_"),
            "columns": columns,
        }
        return facts, arrays

    @classmethod
    def from_state(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]]) -> "TableEncoder":
        """Return the encoder that `get_state` wrote down; it transforms alike, to the bit.

        Raises
        ------
        InputError
            If the state is incomplete, or anything in it is unknown or of the wrong type.
        """
        expected = {*_RULES, "named", "columns"} - _OPTIONAL
        if not isinstance(facts, Mapping) or set(facts) - _OPTIONAL != expected or not isinstance(facts["named"], bool):
            raise InputError(
                f"The stored state of a TableEncoder is damaged: it must have the facts {', '.join(sorted(expected))}. "
                f"Save the encoder again."
            )
        encoder = cls(**{name: facts[name] for name in _RULES if name in facts})
        check_settings(encoder, _RULES)
        encoder.columns_ = columns_from_state(
            facts["columns"], arrays, encoder.scaling == "smooth_clip", encoder.embed_above, bool(encoder.spikes)
        )
        checked_kinds(encoder.kinds, list(encoder.columns_))
        encoder.n_features_in_ = len(encoder.columns_)
        if facts["named"]:
            encoder.feature_names_in_ = np.array(list(encoder.columns_), dtype=object)
        return encoder

    # Inside --------------------------------------------------------------------------------------------------------

    def _fitted(self, column: Any, name: str, declared: str | None) -> FittedColumn:
        categorical = pa.types.is_dictionary(column.type)
        column = decoded(column)
        found = holding(column)
        if declared == "drop":
            return DroppedColumn()
        if found == "other":
            raise InputError(
                f"Column {name!r} is of type {column.type}, which has no encoding. Convert it, or drop it with "
                f"kinds={{{name!r}: 'drop'}}."
            )
        kind = declared or ("category" if categorical else _KIND_OF.get(found, "number"))
        if found == "nothing":
            return NumberColumn.empty(declared is not None)
        if declared == "date" and found == "number":
            text = whole_as_text(column)
            if holding(text) == "text" and likeliest(text) == COMPACT:
                column, found = text, "text"
        written = [ISO] if kind == "date" and (declared or self.date_parts) else []
        if found == "text" and (kind == "date" or (self.date_parts and not (declared or categorical))):
            written = formats_of(column, declared is not None) or ([likeliest(column)] if kind == "date" else [])
        if kind == "date" or written:
            dates = DateColumn.fit(column, name, written, self.date_parts, self.scaling)
            return dates or NumberColumn.empty(declared is not None)
        if kind == "category":
            certain = declared is not None or categorical
            return fit_category(column, name, certain, self.scaling, int(self.max_categories), self.embed_above)
        return NumberColumn.fit(column, name, kind, declared is not None, self.scaling, self.spikes)

    def _share_out_spikes(self) -> None:
        """Leave each column its share of the flags that a table may have."""
        spiked = {name: column for name, column in self.columns_.items() if isinstance(column, NumberColumn)}
        most = most_of_each([len(column.spikes) for column in spiked.values()])
        for name, column in spiked.items():
            self.columns_[name] = replace(column, spikes=column.spikes[:most])

    def _layout(self) -> Layout:
        return Layout.of(self.columns_, grouped=self.scaling == "smooth_clip" or self.embed_above is not None)

    def _table(self, X: Any, *, reset: bool) -> Any:
        """Return `X` as a table with the names of training, after scikit-learn's checks."""
        if not is_frame(X):
            X = unmasked(X)
            if isinstance(X, list | tuple):
                X = np.array(X, dtype=object)  # else one text would make text of every number
            with explained_for(X):
                X = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
            return array_to_table(X, self._names(X.shape[1]), self._dropped())
        if isinstance(X, pa.RecordBatch):
            X = pa.Table.from_batches([X])
        refuse_repeated_names(X)
        try:
            validate_data(self, X, reset=reset, skip_check_array=True)
        except TypeError as error:  # names that are not all text
            raise InputTypeError(" ".join(str(error).split())) from None
        except ValueError as error:
            gap = "" if str(error).endswith("\n") else " "
            raise InputError(f"{error}{gap}Give the columns of training, by name and in that order.") from None
        if 0 in X.shape:
            lack = "0 sample(s)" if X.shape[0] == 0 else "0 feature(s)"
            raise InputError(
                f"Found array with {lack} (shape={tuple(X.shape)}) while a minimum of 1 is required by TableEncoder. "
                f"Give a table with rows and columns."
            )
        return frame_to_table(X, self._names(X.shape[1]), self._dropped())

    def _dropped(self) -> set[str]:
        return {name for name, kind in (self.kinds or {}).items() if kind == "drop"}

    def _names(self, width: int) -> list[str]:
        return [str(name) for name in getattr(self, "feature_names_in_", (f"x{j}" for j in range(width)))]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
