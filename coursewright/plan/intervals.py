"""Intervals of 95% confidence, exact for small groups where an exact method exists. Where none is honest, the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, isfinite, nextafter, sqrt, tanh

LEVEL = 0.95
UPPER = (1 + LEVEL) / 2


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`; both None where there is none, and then `caveat` says why."""

    low: float | None = None
    high: float | None = None
    caveat: str = ""


def wilson(right: int, n: int) -> Interval:
    """Wilson's score interval of a proportion; n ≥ 1. Never outside 0 to 1, and of some width even at 0 and 1.

    Source: Wilson 1927, J Am Stat Assoc 22:209–212.
    """
    from scipy.stats import norm

    z = float(norm.ppf(UPPER))
    p = right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(0.0 if right == 0 else max(0.0, middle - reach), 1.0 if right == n else min(1.0, middle + reach))


def t_interval(mean: float, spread: float, n: int, lowest: float | None = None, highest: float | None = None) -> Interval:
    """Student's interval of a mean, kept within its bounds. spread: the population standard deviation (÷ N)."""
    if n < 2:
        return Interval(caveat="it takes 2 learners at least")
    if spread == 0:
        return Interval(caveat="all values are the same, so nothing is known of their spread")
    reach = t_quantile(n - 1) * spread / sqrt(n - 1)
    low, high = mean - reach, mean + reach
    return Interval(low if lowest is None else max(lowest, low), high if highest is None else min(highest, high))


def t_quantile(freedom: int) -> float:
    """The two-sided 95% quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(UPPER, freedom))


def fisher(r: float, n: int) -> Interval:
    """Fisher's z interval of a correlation: atanh r ± z/√(n−3). Approximate where one of the two is right or wrong only."""
    from scipy.stats import norm

    if n < 4:
        return Interval(caveat="it takes 4 learners at least")
    if abs(r) >= nextafter(1, 0):
        return Interval(caveat="the correlation is perfect in this group")
    reach = float(norm.ppf(UPPER)) / sqrt(n - 3)
    return Interval(tanh(atanh(r) - reach), tanh(atanh(r) + reach))


def feldt(alpha: float, n: int, k: int) -> Interval:
    """Feldt's interval of alpha for n learners and k items: 1 − (1 − alpha) F, with n−1 and (n−1)(k−1) degrees of freedom."""
    from scipy.stats import f

    if alpha >= 1:
        return Interval(caveat="the value is 1 in this group")
    first, second = n - 1, (n - 1) * (k - 1)
    return Interval(1 - (1 - alpha) * float(f.ppf(UPPER, first, second)), 1 - (1 - alpha) * float(f.ppf(1 - UPPER, first, second)))


def paired_d(d: float, n: int) -> Interval:
    """The exact interval of d_z of n pairs: the noncentral t distributions in whose tails d √n lies.

    Source: Steiger and Fouladi 1997; the parameter is found by halving, to 10 digits.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct

    t, freedom = d * sqrt(n), n - 1

    def bound(tail: float) -> float | None:
        def off(parameter: float) -> float:
            return float(nct.cdf(t, freedom, parameter)) - tail

        reach = 4.0 + abs(t)
        for _ in range(8):
            ends = off(t - reach), off(t + reach)
            if all(map(isfinite, ends)) and ends[0] > 0 > ends[1]:
                found = float(brentq(off, t - reach, t + reach, xtol=1e-10))
                return found / sqrt(n)
            reach *= 2
        return None

    low, high = bound(UPPER), bound(1 - UPPER)
    if low is None or high is None:
        return Interval(caveat="its interval cannot be computed")
    return Interval(low, high)


def fieller(top: float, bottom: float, var_top: float, var_bottom: float, both: float, n: int) -> Interval:
    """Fieller's interval of a ratio of two paired means, exact for normal values.

    top, bottom: the means. var_top, var_bottom, both: sample variances and covariance (÷ (n−1)) of the values; n ≥ 2.
    Source: Fieller 1954, J R Stat Soc B 16:175–185.
    """
    if n < 2:
        return Interval(caveat="it takes 2 learners at least")
    if var_top == 0 and var_bottom == 0:
        return Interval(caveat="all values are the same, so nothing is known of their spread")
    c = t_quantile(n - 1) ** 2 / n
    a = bottom**2 - c * var_bottom
    b = top * bottom - c * both
    inside = b * b - a * (top**2 - c * var_top)
    if a <= 0 or inside < 0:
        return Interval(caveat="too few learners: it has no bounds")
    return Interval((b - sqrt(inside)) / a, (b + sqrt(inside)) / a)
