"""What students are asked before a reveal, one module a lesson."""
