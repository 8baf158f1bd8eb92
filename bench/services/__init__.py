"""Record the memory of real services under changing load, and replay the recording: nothing of it should alarm.

    make services                                   record for six hours below build/, then judge
    python -m bench.services --hours 6 --out DIR    record into a new folder
    python -m bench.services --judge DIR            replay what is recorded so far; exit code 1 if there is any alarm

What runs, on loopback only: Prometheus (it scrapes the others), VictoriaMetrics, etcd, Alertmanager, PostgreSQL with
three sessions that stay, leakdog's own daemon (it watches the others), and two services of ours: one in Python, one in
Go. What is not installed is left out, and that is said. None of them is known to leak.

How the load changes: each service has days of its own, 20 to 40 minutes long: it idles, rises, stays high, has bursts,
falls, and stays low; how high and how low is drawn for each day anew (`rhythm`). Every 45 minutes one service
of four is started anew; the others live on.

What is written, every ten seconds: `bytes.csv` (rss, anonymous rss, heap in use and allocated) and `counts.csv`
(goroutines, threads, open files) as `leakdog backtest` reads them, with requests done per second as load, and as limit
the memory such a service would be given; nothing enforces it. An interrupted recording can be used.
"""
