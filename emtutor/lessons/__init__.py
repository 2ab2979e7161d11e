"""The exercises, one module a lesson: data, read by `emtutor.tutor.exercise`."""
