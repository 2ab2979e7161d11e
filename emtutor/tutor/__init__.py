"""check, hint, solution, progress: the tutor that names the mistake."""
