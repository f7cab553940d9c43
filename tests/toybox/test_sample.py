"""The sample on which the laws are tried each time leaves no family and no trait out."""

from mvdream_toybox.things import FAMILIES, KINDS
from mvdream_toybox.things.worn import WORN
from toybox.conftest import SAMPLE, WORN_SAMPLE, can_be_colored


def test_the_sample_meets_every_family_place_and_trait():
    kinds = [KINDS[name] for name, _ in SAMPLE]
    assert len(SAMPLE) == 24 and len(WORN_SAMPLE) == 10
    assert all(sum(name in family.KINDS for name, _ in SAMPLE) >= 2 for family in FAMILIES)
    assert sum(variant is not None for _, variant in SAMPLE) >= 8
    assert any(kind.poses for kind in kinds)
    for trait in (lambda k: k.patterns, lambda k: k.wears, lambda k: not k.wears, can_be_colored):
        assert sum(bool(trait(kind)) for kind in kinds) >= 5
    assert {WORN[name].anchor for name in WORN_SAMPLE} == {worn.anchor for worn in WORN.values()}
