"""Lesson 14, the capstone: a logbook with gaps."""
