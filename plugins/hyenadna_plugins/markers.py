"""The two markers: what the host offers, and what a plug-in implements."""

import pluggy

GROUP = "hyenadna"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
