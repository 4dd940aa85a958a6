"""Demonstration data that looks like the country, made by code from a seed (`flask panel demo`).

Everything is invented: schools, people, numbers. The business itself (declarations, exams, scores, certificates)
is carried out by the services, at moments of the past, so the data obeys every rule of the platform.
"""
