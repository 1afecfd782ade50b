"""Measurements that need a process of their own; each prints its figures as JSON."""
