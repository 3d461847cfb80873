"""Bytes of other programs and the values they stand for: pure codecs that must open no socket."""

from airflow_masq.wire.echo_reply import AmbiguousReplyError, ReplyError, parse_echo_reply
from airflow_masq.wire.foreign_text import printable

__all__ = ["AmbiguousReplyError", "ReplyError", "parse_echo_reply", "printable"]
