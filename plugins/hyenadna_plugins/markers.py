"""The two markers: `hookspec` for the hooks of the host, `hookimpl` for those of a plug-in."""

import pluggy

GROUP = "hyenadna"  # entry-point group
BUILTIN = "builtin"  # HyenaDNA's own plug-in, always loaded

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
