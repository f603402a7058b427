"""paper-digest: new papers, scored against what a reader cares about, as a calm daily digest."""
