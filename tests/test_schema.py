"""The generated files are those that the types give."""

from pathlib import Path

import pytest

from schema.generated import generated
from schema.model import read_type

ROOT = Path(__file__).parent.parent
GENERATED = generated()


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_not_stale(name):
    committed = (ROOT / name).read_text(encoding="utf-8") if (ROOT / name).exists() else ""
    assert committed == GENERATED[name], f"{name} is stale: run `python -m schema` and commit it"


def test_a_type_that_generators_do_not_know_is_no_silence():
    with pytest.raises(ValueError, match="no type for"):
        read_type({"type": "array", "prefixItems": [{"type": "string"}]})
