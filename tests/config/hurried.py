"""gunicorn's worker as it serves the product, but for its patience: no test waits ten seconds."""

from config import worker

worker.PATIENCE = 0.5
Worker = worker.Worker
