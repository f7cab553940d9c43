from mvdream_cli.methods.micro_batches import MicroBatches


def test_they_divide_the_batch_and_become_smaller_until_there_is_one_of_each():
    parts, seen = MicroBatches(12, "objects"), []
    assert (parts.count, parts.size) == (1, 12)
    while (told := parts.shrink()) is not None:
        assert parts.count * parts.size == 12 and told.startswith(f"{parts.count} micro-batches of {parts.size} objects")
        seen.append(parts.size)
    assert seen == [6, 4, 3, 2, 1]


def test_a_first_size_is_kept():
    assert MicroBatches(12, "objects", 4).count == 3
