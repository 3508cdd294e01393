"""`Position`: where in a feed somebody is. It is that of a broker's log, and a feed without a broker counts alike."""

from __future__ import annotations

from flowws.brokers import Position as Position
