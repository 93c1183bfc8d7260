"""Reports of streams compare what can be compared, and say where it can't."""

from math import isnan

from loadtests.streams.figures import figures
from loadtests.streams.measure import Result, Usage
from loadtests.streams.plan import Plan
from loadtests.streams.record import WELL, Ended, Heard, Record
from loadtests.streams.report import comparisons, remarks, soaked

PLAN = Plan(streams=2, seconds=3, window_s=1, overlap=0.5, rate=8000)


def result(
    server: str, *, cores: float, others: float = 0.0, rss: float = 100, ended: int = WELL
) -> Result:
    records = []
    for number in range(PLAN.streams):
        record = Record(number, ended=Ended(ended))
        record.handed.extend([0.0] * PLAN.frame_of(PLAN.window) + [0.0])
        record.late.extend([0.0] * len(record.handed))
        record.heard.append(Heard(0, 0, PLAN.window, PLAN.settled_s, PLAN.settled_s + 0.01, 1))
        records.append(record)
    usage = Usage(cores, cores + 0.1 + others, [100.0] * 8 + [rss] * 2)
    return Result(server, PLAN.streams, figures(PLAN, records), usage, 0.1, None)


def test_servers_are_compared_by_what_a_stream_costs() -> None:
    (line,) = comparisons([result("ours", cores=0.2), result("naive", cores=0.5)])
    assert "CPU for a stream 2.50" in line
    assert "DISTURBED" not in line


def test_a_comparison_that_others_disturbed_says_so() -> None:
    quiet, busy = result("ours", cores=0.2), result("naive", cores=0.5, others=1.0)
    assert "DISTURBED" in comparisons([quiet, busy])[0]
    assert any("others used 1.0 cores" in remark for remark in remarks(busy))
    assert not remarks(quiet)


def test_streams_that_failed_or_were_turned_away_cost_nothing_that_could_be_compared() -> None:
    for code in (500, 1013):
        assert isnan(result("ours", cores=0.2, ended=code).cpu_ms)


def test_a_soak_names_memory_that_grew() -> None:
    assert soaked(result("ours", cores=0.2)).endswith("exact; memory +0.0%, flat")
    assert soaked(result("ours", cores=0.2, rss=110)).endswith("memory +10.0%, NOT flat")
