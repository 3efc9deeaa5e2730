"""The two markers: what the host offers, and what a plug-in implements."""

import pluggy

GROUP = "hyenadna"  # of entry points
BUILTIN = "builtin"  # HyenaDNA's own plug-in, which is always there

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
