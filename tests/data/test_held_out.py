from mvdream_cli.data.held_out import is_held_out


def test_the_part_is_as_large_as_asked_and_holds_all_renderings_of_its_objects():
    names = [f"asset-{k}" for k in range(4000)]
    out = {name for name in names if is_held_out(name, 0.1)}
    assert 320 < len(out) < 480 and out == {name for name in names if is_held_out(f"{name}-render-2", 0.1)}
    assert {name for name in names if is_held_out(name, 0.05)} < out
    assert not any(is_held_out(name, 0.0) for name in names) and all(is_held_out(name, 1.0) for name in names)
