"""The language of iptables: a rule's text as a structure and back, files of iptables-save, rules that can never match."""

from topology.rules.parse import Condition, Match, Option, Rule, Target, parse, text

__all__ = ["Condition", "Match", "Option", "Rule", "Target", "parse", "text"]
