package sock

import "os"

// Gethostname returns the name of this host, with or without its domain: gethostname(3). On Windows
// it is the DNS name of the machine.
func Gethostname() (string, error) { return os.Hostname() }

// Sethostname changes the name of this host until the next boot: sethostname(2).
//
// Errors: EPERM without the privilege; EINVAL for a name longer than the system allows (64 bytes on
// Linux); errors.ErrUnsupported on Windows.
func Sethostname(name string) error { return os.NewSyscallError("sethostname", sysSethostname(name)) }
