"""One table of positions for all blocks of a model that is made from the configs of its blocks.

Keras makes each block of a file or of a clone separately. The config of a block has the number of
its table in the model that it comes from, and blocks with the same number share a new table.
"""

from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from hyenadna_core.hyena_config import HyenaConfig
from hyenadna_core.model.filters import PositionalFeatures

_TABLES: WeakValueDictionary[tuple[Any, ...], PositionalFeatures] = WeakValueDictionary()
_BLOCKS: WeakKeyDictionary[PositionalFeatures, set[str]] = WeakKeyDictionary()  # names of those that share a table


def table_for(block: str, number: int | None, config: HyenaConfig) -> PositionalFeatures | None:
    """Return the table of positions for a block that is made from its config.

    A block with a name that a table already has belongs to another model, and gets a new table. It
    is None if the block has its own table, which has no number.
    """
    if number is None:
        return None
    key = number, config.max_seq_len, config.emb_dim
    table = _TABLES.get(key)
    if table is None or block in _BLOCKS[table]:
        table = _TABLES[key] = PositionalFeatures(config.max_seq_len, config.emb_dim, name="pos_emb")
        _BLOCKS[table] = set()
    _BLOCKS[table].add(block)
    return table
