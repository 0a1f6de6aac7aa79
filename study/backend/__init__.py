"""Ray: sessions, Tune, workers, nodes, jobs, GPU memory. With search/pruner.py the only place that imports Ray."""
