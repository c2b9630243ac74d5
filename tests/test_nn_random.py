"""Stateless draws: reference values of the published generator, and the statistics dropout relies on."""

import numpy as np

from feedforward.nn.random import mix, row_order, row_orders, shuffle, uniform


def test_mix_is_the_published_generator_splitmix64() -> None:
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert mix(1234567, range(4)).tolist() == published


def test_each_number_depends_on_seed_and_counters_alone() -> None:
    rows, units = np.arange(7)[:, None], np.arange(5)
    together = uniform(3, 11, 2, rows, units)
    one_by_one = [[float(uniform(3, 11, 2, row, unit)) for unit in range(5)] for row in range(7)]
    np.testing.assert_array_equal(together, one_by_one)


def test_every_counter_and_the_seed_matter() -> None:
    draws = [uniform(0, 0, 0, 0), uniform(1, 0, 0, 0), uniform(0, 1, 0, 0), uniform(0, 0, 1, 0), uniform(0, 0, 0, 1)]
    assert len({float(draw) for draw in draws}) == 5


def test_numbers_are_uniform_and_neighbours_independent() -> None:
    numbers = uniform(0, 1, 2, np.arange(400)[:, None], np.arange(500))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=100, range=(0, 1))
    chi_square = ((counts - 2000) ** 2 / 2000).sum()  # 99 degrees of freedom: mean 99, standard deviation 14
    assert 40 < chi_square < 160
    down = np.corrcoef(numbers[1:].ravel(), numbers[:-1].ravel())[0, 1]
    across = np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]
    assert abs(down) < 0.01
    assert abs(across) < 0.01


def test_large_seeds_and_arrays_of_seeds_are_welcome() -> None:
    seeds = np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)
    numbers = uniform(seeds, 5)
    assert numbers.tolist() == [float(uniform(int(seed), 5)) for seed in seeds]


def test_an_order_has_every_row_once_and_depends_on_seed_member_and_epoch() -> None:
    orders = [row_order(0, 0, 0, 50), row_order(1, 0, 0, 50), row_order(0, 1, 0, 50), row_order(0, 0, 1, 50)]
    for order in orders:
        assert order.dtype == np.int64
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order.tolist()) for order in orders}) == 4
    np.testing.assert_array_equal(row_order(0, 0, 0, 50), orders[0])


def test_an_order_of_one_row_or_none() -> None:
    assert row_order(0, 0, 0, 1).tolist() == [0]
    assert row_order(0, 0, 0, 0).tolist() == []


def test_several_epochs_at_once_are_those_one_by_one() -> None:
    together = row_orders(7, 2, range(3, 9), 23)
    np.testing.assert_array_equal(together, [row_order(7, 2, epoch, 23) for epoch in range(3, 9)])


def test_all_permutations_are_equally_likely() -> None:
    orders = row_orders(5, 0, range(24_000), 4)
    _, counts = np.unique(orders @ [64, 16, 4, 1], return_counts=True)
    assert len(counts) == 24
    chi_square = ((counts - 1000) ** 2 / 1000).sum()  # 23 degrees of freedom: mean 23, standard deviation 6.8
    assert 5 < chi_square < 53


def test_each_row_comes_to_each_place_equally_often() -> None:
    orders = row_orders(0, 3, range(20_000), 20)
    counts = np.array([np.bincount(orders[:, place], minlength=20) for place in range(20)])
    chi_square = ((counts - 1000) ** 2 / 1000).sum()  # 19 x 19 degrees of freedom: mean 361, standard deviation 27
    assert 250 < chi_square < 480


def test_orders_of_neighbouring_epochs_and_seeds_are_independent() -> None:
    a, b = row_order(0, 0, 0, 20_000), row_order(0, 0, 1, 20_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert abs(np.corrcoef(a, row_order(1, 0, 0, 20_000))[0, 1]) < 0.03
    assert abs((a == b).sum() - 1) < 8  # one fixed place is expected
    assert abs((a == np.arange(20_000)).sum() - 1) < 8


def test_compiled_shuffling_is_the_algorithm_as_written() -> None:
    states = mix(11, np.arange(5))
    compiled, plain, by_hand = (np.empty((5, 100), np.int64) for _ in range(3))
    shuffle(states, compiled)
    with np.errstate(over="ignore"):
        shuffle.__wrapped__(states, plain)  # type: ignore[attr-defined]
    for order, state in zip(by_hand, states, strict=True):  # Fisher and Yates, in numbers that do not wrap around
        order[:] = range(100)
        for i in range(99, 0, -1):
            j = (int(mix(state, i)) >> 32) * (i + 1) >> 32
            order[[i, j]] = order[[j, i]]
    np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(compiled, by_hand)
