"""Films: what a run of EM shows, drawn in the browser and on paper."""
