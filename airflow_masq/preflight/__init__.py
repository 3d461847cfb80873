"""What a person would look up before a creation that costs 25 minutes: asked at once, judged, and told as lint does.

plan ──list──▶ questions ──ask (threads, one deadline)──▶ answers ──judge──▶ results ──▶ table, JSON
                                                             └────complete──▶ plan with numbers ──▶ lint
"""

from __future__ import annotations
