"""The desk: commands, the learner's copy, notebooks as files, pages."""
