package sock

import "os"

// Gethostname is gethostname(3): the name of this host, with or without its domain. On Windows it
// is the DNS name of the machine.
func Gethostname() (string, error) { return os.Hostname() }

// Sethostname is sethostname(2): it gives this host another name, until it is started anew.
//
// Errors: EPERM without the right to it; EINVAL for a name longer than the system allows (64 bytes
// on Linux); errors.ErrUnsupported on Windows.
func Sethostname(name string) error { return os.NewSyscallError("sethostname", sysSethostname(name)) }
