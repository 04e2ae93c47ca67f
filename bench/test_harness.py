"""The parts of the driver that need neither servers nor Postgres: `python3 -m unittest discover -s bench`."""

import json
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

from harness import load, measure, plot, processes, report, split
from harness.scenarios import ALL, World, comparable

WORLD = World(accounts=[("A-1", "P-1")], portfolios=["P-1"], charged=["A-2"], keys=["sk"], japanese=[("A-1", "P-1")],
              british=[("2000050773706", "P-1")], tokens={"P-1": "t"}, staff="s")


class Driver(unittest.TestCase):
    def test_a_process_may_have_any_name(self):
        text = "7 (a) b (c)) S 3 7 7 0 -1 4 1 0 0 0 10 20 30 40 20 0"
        self.assertEqual(processes.parse_stat(text), (3, 30, 70))
        self.assertEqual(processes.parse_pss("Rss: 9 kB\nPss:                 12 kB\n"), 12 * 1024)

    def test_the_machine_is_busy_for_a_share_of_the_time(self):
        line = "cpu  {} 0 10 {} 5 0 0 0 99 99\ncpu0 7 7 7\n"
        self.assertEqual(processes.share_busy(line.format(100, 200), line.format(130, 270)), 1 - 70 / 100)

    def test_a_run_is_read(self):
        ran = load.parse('noise\nRESULT {"requests": 10, "micros": 2000000, "bytes": 50, "p50": 1500, "p90": 2000, '
                         '"p99": 3000, "max": 4000, "bad": 1, "lost": 2}\n')
        self.assertEqual((ran.rate, ran.p50, ran.p99, ran.failed), (5.0, 1.5, 3.0, 3))

    def test_everybody_is_asked_about_the_same(self):
        for scenario in ALL:
            asked = {peer: [json.loads(body)["variables"] for _, body in scenario.requests(peer, WORLD, 5, "x")]
                     for peer in ("ours", "mercurius", "python", "postgraphile")}
            self.assertEqual(asked["ours"], asked["mercurius"])
            self.assertEqual(asked["ours"], asked["python"])
            if scenario.name != "login":
                self.assertEqual(asked["ours"], asked["postgraphile"])

    def test_log_ins_are_compared_by_what_tokens_say(self):
        def answer(signature):
            claims = "eyJzdWIiOiAieCIsICJndHkiOiAiIiwgImVtYWlsIjogIiIsICJ0b2tlblVzZSI6ICIiLCAiaXNzIjogIiIsICJpYXQiOiAxLCAiZXhwIjogNX0"
            return {"obtainKrakenToken": {"token": f"h.{claims}.{signature}", "refreshToken": signature * 40}}
        self.assertEqual(comparable(answer("a")), comparable({"obtainKrakenToken": {"result": answer("b")["obtainKrakenToken"]}}))
        self.assertEqual(comparable(answer("a"))["session"]["lasts"], 4)

    def test_waiting_for_the_database_is_no_shaping(self):
        def line(micros, name, nanos):
            return json.dumps({"target": "phase", "timestamp": f"2026-01-05T09:00:00.{micros:06}Z", "name": name, "nanos": nanos})
        told = [line(100, "database", 90_000), line(105, "plan", 5_000), line(140, "database", 30_000),
                line(180, "database", 30_000), line(190, "execute", 50_000), line(197, "write", 7_000), "else"]
        self.assertEqual(split.phases_of(told), {"database": 150_000, "plan": 5_000, "shape": 20_000, "write": 7_000})

    def test_medians_count(self):
        figures = measure.Figures()
        runs = [load.Ran(requests, 1.0, requests * 10, p, p, p, 0) for requests, p in ((100, 1), (300, 3), (200, 2))]
        measure.summarise(figures, [(ran, 5, 0.1, 0.2) for ran in runs])
        self.assertEqual((figures.rate, figures.p50, figures.bytes, figures.memory), (200, 2, 10, 5))

    def test_pictures_are_well_formed(self):
        xml.fromstring(plot.bars("A & B", ["1", "2"], ["x", "y"], [[1, 20_000], [0.5, 3]]))
        xml.fromstring(plot.lines("A < B", "ms", [1, 10, 100], [("x", [1, 2, 3])], True))
        self.assertEqual([plot.short(v) for v in (0.5, 12, 1234, 45_678)], ["0.5", "12", "1.2k", "46k"])
        self.assertEqual(plot.decades(3, 900), [1, 10, 100, 1000])
        self.assertEqual([plot.step(v) for v in (0, 7, 100, 101)], [0.25, 2, 25, 50])

    def test_short_histories_are_told(self):
        figures = {name: {"rate": 1.0, "p99": 1.0} for name in ("account", "charge")}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(report, "DOCS", Path(folder)):
            histories = {"10": {"months": 24, "bytes": 1, "in_turns": True}, "20": {"months": 4, "bytes": 2e9, "in_turns": False}}
            said = report.growth({"10": figures, "20": figures}, histories)
        self.assertIn("20 accounts have 4 months of history instead of 24 (2.0 GB).", said)
        self.assertNotIn("10 accounts have", said)
        self.assertIn("in brackets; 10 accounts took turns.", said)

    def test_aims_that_are_missed_are_named(self):
        figures = {"rate": 100.0, "p99": 10.0, "memory": 2**20}
        peer = {**figures, "rate": 60.0}
        found = report.aims({"ledgers": {"ours": figures, "postgraphile": peer}}, {"10": {}, "20": {}})
        self.assertEqual([reached for _, _, reached in found], [False, False, True])


if __name__ == "__main__":
    unittest.main()
