"""Waiting times: a course of one lesson, on a mixture of exponentials."""
