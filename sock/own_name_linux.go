package sock

import "golang.org/x/sys/unix"

func sysSethostname(name string) error { return unix.Sethostname([]byte(name)) }
