"""The report that people sign: what is known of a run, gathered from its journal and its folder."""
