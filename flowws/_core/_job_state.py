"""The life of a job, as a table: its states, what each of them means, and how one leads to another.

The diagram in the documentation is made from these tables (docs/generate.py), and a test walks every line of them.
"""

from __future__ import annotations

# In this order, which comparisons lean on: up to COMPLETING a job can be cancelled, from COMPLETED on it is over.
NEW, ACTIVE, COMPLETING, CANCELLING, COMPLETED, CANCELLED = range(6)

#                is_active  is_completed  is_cancelled
FLAGS = {
    NEW: (False, False, False),
    ACTIVE: (True, False, False),
    COMPLETING: (True, False, False),
    CANCELLING: (False, False, True),
    COMPLETED: (False, True, False),
    CANCELLED: (False, True, True),
}

NAMES = {
    NEW: "new",
    ACTIVE: "active",
    COMPLETING: "completing",
    CANCELLING: "cancelling",
    COMPLETED: "completed",
    CANCELLED: "cancelled",
}

BIRTH = {
    NEW: "launched with LAZY",
    ACTIVE: "launched",
}

# What happens to a job in a state, and the state that follows.
TRANSITIONS = (
    (NEW, "start, join, await", ACTIVE),
    (NEW, "cancel", CANCELLING),
    (ACTIVE, "the body returns", COMPLETING),
    (ACTIVE, "cancel, the body fails, a child fails", CANCELLING),
    (COMPLETING, "the last child has ended", COMPLETED),
    (COMPLETING, "cancel, a child fails", CANCELLING),
    (CANCELLING, "the body and the last child have ended", CANCELLED),
)
