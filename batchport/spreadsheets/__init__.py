"""Bytes to tables and back: reading customers' sheets, mapping their headers, writing templates and results."""
