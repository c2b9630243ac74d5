"""Stateless draws: reference values of the published generator, and the statistics dropout relies on."""

import numpy as np

from feedforward.nn.random import mix, row_order, uniform


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


def test_row_order_is_a_permutation_of_its_own_for_each_member_and_epoch() -> None:
    orders = [tuple(row_order(0, member, epoch, 50)) for member in range(3) for epoch in range(3)]
    assert len(set(orders)) == 9
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert orders[4] == tuple(row_order(0, 1, 1, 50))
