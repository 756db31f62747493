"""Takes keys from the keyring of the user's session, which namespaces do not hide."""

import ctypes
import platform

import kit

libc = ctypes.CDLL(None, use_errno=True)
KEYCTL = {"x86_64": 250, "aarch64": 219}[platform.machine()]
SEARCH, READ = 10, 11
SESSION = -3


def find() -> bool:
    name = kit.CANARIES["key"].encode()
    number = libc.syscall(KEYCTL, SEARCH, SESSION, b"user", name, 0)
    if number < 0:
        return False
    held = ctypes.create_string_buffer(100)
    return libc.syscall(KEYCTL, READ, number, held, 100) > 0


app = kit.app_if(kit.worked(find))
